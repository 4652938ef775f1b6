import { spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serial } from "../../src/node/index.ts";
import { explainSerialError } from "../../src/node/byte-ports/serial-errors.ts";
import { root } from "../house/imports.ts";
import { PortRecorder } from "../support/byte-port-conformance.ts";
import { have } from "../support/external.ts";
import { openPseudoTerminal } from "../support/pseudo-terminal.ts";

const baudRate = 115_200;

describe.runIf(have("socat"))("a serial port (real)", () => {
  it("carries bytes of every value both ways, and tells when there is room again", async () => {
    await using terminal = await openPseudoTerminal();
    const port = await serial({ path: terminal.path, baudRate })({});
    const near = new PortRecorder(port);
    const far = new PortRecorder(terminal.end);
    const bytes = Uint8Array.from({ length: 262_144 }, (_, index) => index % 256);
    const hadRoom = near.during(() => port.write(bytes));
    terminal.end.write(bytes);
    await far.until(() => far.bytes.length === bytes.length);
    await near.until(() => near.bytes.length === bytes.length);
    if (!hadRoom) await near.until(() => near.writable === 1);
    expect([hadRoom, Buffer.from(near.bytes).equals(bytes), Buffer.from(far.bytes).equals(bytes)]).toEqual([
      false,
      true,
      true,
    ]);
    near.during(() => port.close());
    await near.until(() => near.closed.length > 0);
    expect(near.closed).toEqual([{ error: undefined }]);
  });

  it("closes behind what was written, and is there for the next", async () => {
    await using terminal = await openPseudoTerminal();
    const far = new PortRecorder(terminal.end);
    for (let round = 1; round <= 2; round++) {
      const port = await serial({ path: terminal.path, baudRate })({});
      const near = new PortRecorder(port);
      near.during(() => {
        port.write(new Uint8Array(10_000).fill(round));
        port.close();
        port.close();
      });
      await near.until(() => near.closed.length > 0);
      await far.until(() => far.bytes.length === round * 10_000);
    }
  });

  it("tells once when it vanishes, and can be opened when it is back", async () => {
    await using terminal = await openPseudoTerminal();
    const open = serial({ path: terminal.path, baudRate });
    const near = new PortRecorder(await open({}));
    await terminal.unplug();
    await near.until(() => near.closed.length > 0);
    expect(near.closed[0]?.error?.message).toBe("the serial port has vanished");
    await expect(open({})).rejects.toMatchObject({ code: "serial/no-port" });
    await terminal.plugIn();
    const again = await open({});
    new PortRecorder(again).during(() => again.close());
  });

  it("is one program's alone", async () => {
    await using terminal = await openPseudoTerminal();
    const open = serial({ path: terminal.path, baudRate });
    const port = await open({});
    await expect(open({})).rejects.toMatchObject({ code: "serial/busy", fault: "place" });
    new PortRecorder(port).during(() => port.close("abort"));
  });

  it.runIf(process.getuid?.() === 0)(
    "is refused to somebody without permission, whose group is named",
    async () => {
      await using terminal = await openPseudoTerminal();
      const script = `
      import { serial } from ${JSON.stringify(join(root, "dist/node/index.js"))};
      const open = serial({ path: ${JSON.stringify(realpathSync(terminal.path))}, baudRate: 9600 });
      await open({}).catch((error) => console.log(error.message));`;
      const nobody = { uid: 65_534, gid: 65_534 };
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        ...nobody,
        stdio: "pipe",
      });
      let output = "";
      child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
      child.stderr.on("data", (bytes: Buffer) => (output += bytes.toString()));
      await once(child, "exit");
      expect(output).toMatch(
        /^you may not use \S+: it belongs to the group \w+\. `sudo usermod -aG \w+ \$USER`/,
      );
    },
  );

  it("restarts no board where there are no control lines, and does not mind", async () => {
    await using terminal = await openPseudoTerminal();
    const port = await serial({ path: terminal.path, baudRate })({});
    await expect(port.pulseReset()).resolves.toBeUndefined();
    new PortRecorder(port).during(() => port.close());
  });
});

describe("a serial port that cannot be opened", () => {
  it.each([
    ["/dev/ttyNowhere", "serial/no-port"],
    ["/etc/passwd", "serial/not-serial"],
    ["/", "serial/not-serial"],
  ])("is explained: %s", async (path, code) => {
    await expect(serial({ path, baudRate })({})).rejects.toMatchObject({ code });
  });

  it("names the group that may use it", () => {
    const error = explainSerialError(
      new Error("Error: Permission denied, cannot open /dev/null"),
      "/dev/null",
    );
    expect(error.message).toBe(
      "you may not use /dev/null: it belongs to the group root. `sudo usermod -aG root $USER`, then log in again",
    );
  });
});
