import { describe, expect, it } from "vitest";
import { renderText } from "../../src/device/index.ts";
import { setUp } from "./bench.ts";

describe("the climate application", () => {
  it("publishes what the seed's board publishes, and shows it", async () => {
    const { clock, application, textsOn, devices } = await setUp();
    application.start();
    await clock.advance(10_100);
    const texts = textsOn("testincr");
    expect(texts).toHaveLength(3);
    for (const text of texts) expect(text).toMatch(/^t=\d\d\.\dC, h=\d\d\.\d%\.$/);
    expect(devices.chip.isOn).toBe(true);
    expect(devices.chip.picture.bytes).toEqual(devices.display.canvas.bytes);
    expect(application.counts).toEqual({ written: 3, waiting: 0, dropped: 0 });
  });

  it("publishes JSON if it is told to, to where it is told", async () => {
    const { clock, application, textsOn } = await setUp({
      format: "json",
      readings: "home/room",
      everyMs: 2000,
    });
    application.start();
    await clock.advance(2100);
    expect(textsOn("home/room").map((text) => JSON.parse(text) as unknown)).toEqual(
      [0, 2000].map((after) => ({
        time: clock.now() - 2100 + after,
        temperature: expect.closeTo(22, -1) as number,
        humidity: expect.closeTo(40, -2) as number,
      })),
    );
  });

  it("switches the LED on and off, and tells its state", async () => {
    const { clock, application, devices, publish, told } = await setUp();
    application.start();
    await clock.advance(1000);
    for (const [word, value] of [
      ["on", 1],
      ["off", 0],
      [" ON\n", 1],
    ] as const) {
      await publish("output", word);
      await clock.advance(100);
      expect(devices.led.value).toBe(value);
      const last = told.findLast(({ topic }) => topic === "climate/state");
      expect(last).toMatchObject({ retain: true });
      expect(JSON.parse(last?.text ?? "")).toMatchObject({ online: true, led: value === 1 ? "on" : "off" });
    }
  });

  it("counts commands that are none, and says so once", async () => {
    const { clock, application, devices, publish, log, textsOn } = await setUp();
    application.start();
    await clock.advance(1000);
    for (const word of ["blue", "", "onn", "{}"]) await publish("output", word);
    await clock.advance(100);
    expect(devices.led.value).toBe(0);
    expect(JSON.parse(textsOn("climate/state").at(-1) ?? "")).toMatchObject({ unknownCommands: 4 });
    expect(log.filter((line) => line.includes("neither on nor off"))).toEqual([
      'warn: a message on output is neither on nor off: "blue"',
    ]);
  });

  it("goes on without its sensor, says so, and shows it", async () => {
    const { clock, application, devices, log, textsOn } = await setUp();
    application.start();
    await clock.advance(6000);
    devices.sensor.mood = "unplugged";
    const before = renderText(devices.chip.picture).join("\n");
    await clock.advance(60_000);
    expect(textsOn("testincr")).toHaveLength(2);
    expect(renderText(devices.chip.picture).join("\n")).not.toBe(before);
    expect(JSON.parse(textsOn("climate/state").at(-1) ?? "")).toMatchObject({
      sensor: "the sensor climate could not be read: the sensor does not answer",
    });
    devices.sensor.mood = "well";
    await clock.advance(10_000);
    expect(textsOn("testincr")).toHaveLength(4);
    expect(log.filter((line) => line.includes("sensor"))).toEqual([
      "warn: the sensor climate does not work: the sensor climate could not be read: the sensor does not answer",
      "info: the sensor climate works again after 00:01:00",
    ]);
  });

  it("goes on while its sensor hangs", async () => {
    const { clock, application, devices, log, textsOn } = await setUp();
    application.start();
    await clock.advance(1000);
    devices.sensor.mood = "hanging";
    await clock.advance(60_000);
    expect(textsOn("testincr")).toHaveLength(1);
    expect(log.some((line) => line.includes("did not answer within 5000 ms"))).toBe(true);
  });

  it("goes on without its display, and fills it when it is back", async () => {
    const { clock, application, devices, log, textsOn } = await setUp();
    application.start();
    await clock.advance(1000);
    devices.chip.unplug();
    await clock.advance(30_000);
    devices.chip.plug();
    await clock.advance(10_000);
    expect(textsOn("testincr")).toHaveLength(9);
    expect(devices.chip.isOn).toBe(true);
    expect(devices.chip.picture.bytes).toEqual(devices.display.canvas.bytes);
    expect(log.filter((line) => line.includes("display"))).toEqual([
      "warn: the display does not work: the display does not answer on its bus",
      "info: the display works again after 00:00:30",
    ]);
  });

  it("obeys the last command when the LED is back", async () => {
    const { clock, application, devices, publish, log } = await setUp();
    application.start();
    await clock.advance(1000);
    devices.led.plugged = false;
    await publish("output", "on");
    await publish("output", "off");
    await publish("output", "on");
    await clock.advance(20_000);
    devices.led.plugged = true;
    await clock.advance(5000);
    expect(devices.led.value).toBe(1);
    expect(log.filter((line) => line.includes("LED"))).toHaveLength(2);
  });

  it("keeps every reading while the broker is away, and sends them in order", async () => {
    const { clock, application, textsOn, goAway, comeBack, log, devices } = await setUp({ format: "json" });
    application.start();
    await clock.advance(11_000);
    goAway();
    await clock.advance(3_600_000);
    expect(application.counts.waiting).toBe(720);
    const offline = renderText(devices.chip.picture).join("\n");
    comeBack();
    await clock.advance(60_000);
    expect(renderText(devices.chip.picture).join("\n")).not.toBe(offline);
    const times = textsOn("testincr").map((text) => (JSON.parse(text) as { time: number }).time);
    expect(times).toHaveLength(735);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(new Set(steps)).toEqual(new Set([5000]));
    expect(
      log.some((line) =>
        /the broker is there after 01:00:\d\d; readings that waited for it: 72\d/.test(line),
      ),
    ).toBe(true);
  });

  it("is told to be gone by its last will, and tells it itself when it ends", async () => {
    const { clock, application, textsOn, goAway } = await setUp();
    application.start();
    await clock.advance(1000);
    await clock.runUntil(application.close());
    expect(textsOn("climate/state").at(-1)).toBe('{"online":false}');
    goAway();
  });

  it("asks again for commands when the broker refuses them", async () => {
    const { clock, application, broker, devices, publish, log } = await setUp();
    let refuses = true;
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, refuses ? null : subscription);
    application.start();
    await clock.advance(1000);
    expect(log.some((line) => line.includes("commands on output cannot be heard"))).toBe(true);
    refuses = false;
    await clock.advance(60_000);
    await publish("output", "on");
    await clock.advance(100);
    expect(devices.led.value).toBe(1);
  });

  it("runs with a sensor alone", async () => {
    const { clock, devices, link, textsOn } = await setUp();
    const { ClimateApplication } = await import("../../src/climate/index.ts");
    const alone = new ClimateApplication({ link, clock, sensor: devices.sensor });
    alone.start();
    alone.brokerStatus({ type: "connected" });
    await clock.advance(1000);
    expect(textsOn("testincr")).toHaveLength(1);
    expect(alone.state).toMatchObject({ actuator: "none", display: "none" });
    await clock.runUntil(alone.close());
  });
});
