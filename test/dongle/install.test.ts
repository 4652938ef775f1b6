import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createAborter, encodeUtf8 } from "../../src/base/index.ts";
import { enterPrompt, restartDongle } from "../../src/node/dongle/board.ts";
import { installFirmware, type InstallOptions } from "../../src/node/dongle/install.ts";
import { donglePlace, openDongle } from "../../src/node/index.ts";
import { createBytePortPair } from "../../src/virtual/index.ts";
import { freePort } from "../support/mosquitto.ts";
import { DongleWorld, firmware } from "./dongle-world.ts";

/** Installs, and gives what was told meanwhile. */
async function install(dongle: DongleWorld, options: Partial<InstallOptions> = {}): Promise<string[]> {
  const steps: string[] = [];
  const progress = (step: string, done?: number, total?: number) => {
    const line = done === total ? step : `${step} …`;
    if (steps.at(-1) !== line) steps.push(line);
  };
  const board = await dongle.world.clock.runUntil(
    installFirmware({ ...dongle.services, progress, ...options }),
  );
  return [...steps, board];
}

/** What a file on the board holds, as its digest. */
async function digestOf(dongle: DongleWorld, path: string): Promise<string> {
  const { clock } = dongle.world;
  const reading = async () => {
    const { repl, conversation } = await enterPrompt(dongle.services);
    const code = `import hashlib,binascii\nprint(binascii.hexlify(hashlib.sha256(open('${path}','rb').read()).digest()).decode())`;
    const digest = (await repl.run(code)).trim();
    await conversation.close();
    return digest;
  };
  return clock.runUntil(reading());
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("installing", () => {
  it("makes a dongle of a board with nothing but MicroPython", async () => {
    await using dongle = new DongleWorld({ files: {} });
    expect(await install(dongle)).toEqual([
      "stopping what the board runs",
      "writing the file …",
      "writing the file",
      "comparing its digest",
      "restarting the board",
      "MicroPython 1.27.0 on JS with Emscripten",
    ]);
    const radio = await dongle.openRadio();
    expect(radio.description?.version).toBe(1);
    await dongle.world.clock.runUntil(radio.close());
    await dongle.world.clock.runUntil(restartDongle(dongle.services, true));
    expect(await digestOf(dongle, "main.py")).toBe(sha256(firmware));
  });

  it("takes as long as the file is, not as long as the board would like to keep", async () => {
    await using dongle = new DongleWorld({ files: {} });
    await install(dongle);
    expect(dongle.board.overflowedBytes).toBe(0);
  });

  it("replaces the file of a dongle that runs, of whatever version", async () => {
    await using dongle = new DongleWorld({
      files: { "main.py": firmware.replace("VERSION = 1\n", "VERSION = 99\n") },
    });
    await expect(dongle.openRadio()).rejects.toMatchObject({
      code: "dongle/wrong-version",
      message: expect.stringContaining("`moteq dongle install PORT`") as string,
    });
    await install(dongle);
    const radio = await dongle.openRadio();
    expect(radio.description?.version).toBe(1);
  });

  it("stops a program that runs without end, but leaves a main.py alone that is not moteq's", async () => {
    const own = "# a lamp\nimport time\nwhile True:\n    time.sleep(1)\n";
    await using dongle = new DongleWorld({ files: { "main.py": own } });
    await dongle.world.clock.advance(1000);
    await expect(install(dongle)).rejects.toMatchObject({ code: "dongle/occupied", fault: "caller" });
    expect(await digestOf(dongle, "main.py")).toBe(sha256(own));
    await install(dongle, { force: true });
    const radio = await dongle.openRadio();
    await dongle.world.clock.runUntil(radio.close());
    await dongle.world.clock.runUntil(restartDongle(dongle.services, true));
    expect(await digestOf(dongle, "main_before_moteq.py")).toBe(sha256(own));
  });

  it("keeps what was put aside before", async () => {
    const own = "print('a lamp')\n";
    const older = "print('a bell')\n";
    await using dongle = new DongleWorld({ files: { "main.py": own, "main_before_moteq.py": older } });
    await install(dongle, { force: true });
    const radio = await dongle.openRadio();
    await dongle.world.clock.runUntil(radio.close());
    await dongle.world.clock.runUntil(restartDongle(dongle.services, true));
    expect(await digestOf(dongle, "main_before_moteq.py")).toBe(sha256(older));
    expect(await digestOf(dongle, "main_before_moteq_2.py")).toBe(sha256(own));
  });

  it.each([
    ["begins with an empty line", "\n# a lamp\nprint(1)\n"],
    ["is no text", "\u00ff\u00fe\u0000"],
  ])("leaves a main.py alone that %s", async (_what, own) => {
    await using dongle = new DongleWorld({ files: { "main.py": own } });
    await expect(install(dongle)).rejects.toMatchObject({ code: "dongle/occupied" });
    expect(await digestOf(dongle, "main.py")).toBe(sha256(own));
  });

  it("puts a main.py aside only when the new one is whole", async () => {
    const own = "print('a lamp')\n";
    await using dongle = new DongleWorld({ files: { "main.py": own } });
    const ending = createAborter();
    const progress = (_step: string, done = 0) => done > 3000 && ending.abort(new Error("Ctrl-C"));
    await expect(install(dongle, { force: true, signal: ending.signal, progress })).rejects.toThrow("Ctrl-C");
    expect(await digestOf(dongle, "main.py")).toBe(sha256(own));
  });

  it("notices that the file arrived altered, and leaves the board as it was", async () => {
    let isAltered = false;
    await using dongle = new DongleWorld({
      files: { "main.py": "" },
      onArrival: (bytes, at) => {
        const text = new TextDecoder("latin1").decode(bytes);
        if (at === "left" || isAltered || !text.includes("f.write")) return [bytes];
        isAltered = true;
        return [Uint8Array.from(text.replace("d(b'I", "d(b'J"), (character) => character.charCodeAt(0))];
      },
    });
    await expect(install(dongle)).rejects.toMatchObject({
      code: "dongle/install-failed",
      message: expect.stringContaining("has the digest") as string,
    });
    expect(isAltered).toBe(true);
    expect(await digestOf(dongle, "main.py")).toBe(sha256(""));
  });

  it("ends with a clear line when the board is pulled out", async () => {
    await using dongle = new DongleWorld({ files: {} });
    let isPulled = false;
    const progress = (_step: string, done = 0) => {
      if (done > 3000 && !isPulled) {
        isPulled = true;
        dongle.unplug();
      }
    };
    await expect(install(dongle, { progress })).rejects.toMatchObject({
      code: "dongle/cut-off",
      message: "the connection was cut",
    });
  });

  it("ends with a clear line where nothing passes the port on", async () => {
    await using dongle = new DongleWorld();
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const { clock, random } = dongle.world;
    const opening = openDongle(donglePlace(address), { clock, random });
    await expect(opening).rejects.toMatchObject({
      code: "dongle/cut-off",
      message: expect.stringContaining(`${address}: connect ECONNREFUSED`) as string,
    });
  });
});

describe("what is no dongle", () => {
  it("is MicroPython without moteq's file", async () => {
    await using dongle = new DongleWorld({ files: {} });
    await expect(dongle.openRadio()).rejects.toMatchObject({
      code: "dongle/not-installed",
      message:
        "there is MicroPython 1.27.0 on JS with Emscripten, without moteq's file: `moteq dongle install PORT` makes a dongle of it",
    });
  });

  it("is MicroPython without ESP-NOW", async () => {
    await using dongle = new DongleWorld({ files: {}, without: ["espnow"] });
    const code = "dongle/no-espnow";
    await expect(dongle.openRadio()).rejects.toMatchObject({ code });
    await expect(install(dongle)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        /^MicroPython 1\.27\.0 on .* has no ESP-NOW: it takes an ESP32/,
      ) as string,
    });
  });

  it("is a dongle that was stopped, which is started again", async () => {
    await using dongle = new DongleWorld({ files: { "main.py": firmware, "dongle.stop": "" } });
    await expect(dongle.openRadio()).rejects.toThrow("had been stopped at its prompt, and is restarted now");
    expect((await dongle.openRadio()).description?.version).toBe(1);
  });

  it.each([
    ["nothing", "", "dongle/no-answer", "nothing answers there"],
    [
      "a GPS receiver",
      "$GPGGA,1,2*3\r\n",
      "dongle/not-micropython",
      "what is there is no MicroPython; it said",
    ],
  ])("is %s", async (_what, says, code, message) => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const open = async () => {
      const { left, right } = createBytePortPair({ clock, latencyMs: 1 });
      right.start({
        onData: () => says !== "" && right.write(encodeUtf8(says)),
        onWritable: () => {},
        onClose: () => {},
      });
      return left;
    };
    const place = { name: "/dev/ttyUSB1", open: () => open, pulseReset: () => Promise.resolve() };
    await expect(install(dongle, { place })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it("is a host that speaks the same wire", async () => {
    const link = firmware.replace("dongle/%d micropython/%d.%d.%d %s", "link/%d %d.%d.%d %s");
    await using dongle = new DongleWorld({ files: { "main.py": link } });
    await expect(dongle.openRadio()).rejects.toMatchObject({
      code: "dongle/not-installed",
      message: expect.stringContaining("is no dongle: it says that it is") as string,
    });
  });
});

describe("a dongle that was stopped while it was away", () => {
  it("is started again and taken back", async () => {
    await using dongle = new DongleWorld();
    const { clock } = dongle.world;
    const radio = await dongle.openRadio();
    dongle.unplug();
    await clock.advance(1000);
    dongle.plugIn();
    dongle.isPlugged = false;
    await clock.runUntil(restartDongle({ ...dongle.services, place: dongle.elsewhere }, true));
    dongle.isPlugged = true;
    await clock.advance(15_000);
    expect(dongle.said.slice(1)).toEqual([expect.stringContaining("the dongle is back")]);
    expect(radio.description?.version).toBe(1);
  });
});
