import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../../src/base/index.ts";
import { FiveWire } from "../../../src/link/index.ts";
import { openGpioLines, systemClock } from "../../../src/node/index.ts";
import { createGpioCable } from "../../support/gpio-cable.ts";
import { createStandIn } from "../../support/stand-in.ts";

describe("five lines by libgpiod's programs, by stand-ins for them (real)", () => {
  it("carry strings both ways between two ends", async () => {
    const cable = await createGpioCable();
    const { tools } = cable;
    const chip = "gpiochip0";
    const ends = { clockOut: 1, dataOut: 2, clockIn: 3, dataIn: 4, reset: 5 };
    const hostLines = await openGpioLines({ role: "host", chip, ...ends, tools });
    const crossed = { clockOut: 3, dataOut: 4, clockIn: 1, dataIn: 2, reset: 5 };
    const modemLines = await openGpioLines({ role: "modem", chip, ...crossed, tools });
    const modem = new FiveWire({ role: "modem", lines: modemLines, clock: systemClock });
    const host = new FiveWire({ role: "host", lines: hostLines, clock: systemClock, settleMs: 50 });
    const echoed = new Promise<string>((resolve) => {
      modem.start({
        ...nothing,
        onMessage: (text) => modem.send(encodeUtf8(`echo ${decodeUtf8(text)}`)),
      });
      host.start({
        ...nothing,
        onUp: () => host.send(encodeUtf8("hello")),
        onMessage: (text) => resolve(decodeUtf8(text) ?? ""),
      });
    });
    expect(await echoed).toBe("echo hello");
    host.close();
    modem.close();
    await cable[Symbol.asyncDispose]();
  });

  it("say when a program that holds them ends by itself", async () => {
    const cable = await createGpioCable();
    const ends = { clockOut: 1, dataOut: 2, clockIn: 3, dataIn: 4, reset: 5 };
    let tell!: (why: string) => void;
    const told = new Promise<string>((resolve) => (tell = resolve));
    const options = { role: "modem", chip: "gpiochip0", ...ends, tools: cable.tools, onEnd: tell } as const;
    const lines = await openGpioLines(options);
    // The program that tells of edges ends when it is cut off.
    const gone = cable[Symbol.asyncDispose]();
    expect(await told).toMatch(/monitor has ended \(0\)$/);
    lines.close();
    await gone;
  });

  it("are refused with the older version, which holds lines but cannot be told", async () => {
    using tool = createStandIn('echo "gpioset (libgpiod) v1.6.3"');
    const tools = { get: tool.path, monitor: tool.path, set: tool.path };
    const lines = { clockOut: 1, dataOut: 2, clockIn: 3, dataIn: 4, reset: 5 };
    const opened = openGpioLines({ role: "modem", chip: "gpiochip0", ...lines, tools });
    await expect(opened).rejects.toThrow(
      "five wires need libgpiod 2 or later, got gpioset (libgpiod) v1.6.3",
    );
  });
});

const nothing = { onUp() {}, onDown() {}, onMessage() {}, onWritable() {} };
