import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSRuntime,
} from "quickjs-emscripten-core";
import { afterEach, describe, expect, it } from "vitest";
import { type BytePort, fromHex, toHex } from "../../src/base/index.ts";
import { bundle } from "../support/bundle.ts";
import { LinkWorld } from "./world.ts";

/** The host's program, in an engine that has nothing but JavaScript: what it needs comes in by `chip`. */
const program = `
import { MqttLink, SerialWire } from "/src/link/index.ts";
import { createSeededRandom, fromHex, toHex } from "/src/base/index.ts";

const timers = new Map();
let lastTimer = 0;
const clock = {
  now: () => chip.monotonic(),
  monotonic: () => chip.monotonic(),
  setTimer(delayMs, callback) {
    const id = ++lastTimer;
    timers.set(id, callback);
    chip.setTimer(id, delayMs);
    return { cancel: () => timers.delete(id) };
  },
};
let listener, opened;
const open = () => new Promise((resolve) => {
  opened = resolve;
  chip.open();
});
globalThis.onOpen = () => opened({
  start: (given) => { listener = given; },
  write: (bytes) => (chip.write(toHex(bytes)), true),
  pause: () => {},
  close: () => {},
});
globalThis.onClose = () => listener.onClose();
globalThis.onTimer = (id) => {
  const callback = timers.get(id);
  timers.delete(id);
  callback?.();
};
globalThis.onData = (hex) => listener.onData(fromHex(hex));
const random = createSeededRandom(5);
const link = new MqttLink({
  wire: new SerialWire({ open, clock, random, about: "link/1 quickjs" }),
  clock,
  random,
  userStart: () => link.publish("result", "1", { qos: 1 }),
});
link.subscribe("green", (topic, payload) => chip.print(topic + " " + String.fromCharCode(...payload)), { qos: 1 });
link.start();
`;

let engine: { readonly context: QuickJSContext; readonly runtime: QuickJSRuntime } | undefined;
afterEach(() => {
  engine?.context.dispose();
  engine?.runtime.dispose();
  engine = undefined;
});

describe("a host in QuickJS, the engine of microcontrollers", () => {
  it("publishes, subscribes, and survives a restart of its modem, in less than a megabyte", async () => {
    await using world = await LinkWorld.open({ hostless: true });
    const printed: string[] = [];
    await startEngine(world, printed);
    await world.pass(2000);
    expect(world.broker.textsOn("result")).toEqual(["1"]);
    await world.broker.publish("green", "on");
    await world.pass(100);
    expect(printed).toEqual(["green on"]);
    world.killModem();
    await world.pass(30_000);
    expect(world.broker.textsOn("result")).toEqual(["1", "1"]);
    await world.broker.publish("green", "off");
    await world.pass(100);
    expect(printed).toEqual(["green on", "green off"]);
    // All of the rooms, the modem and the MQTT client too: a bundle holds less.
    expect(measureMemory()).toBeLessThan(1_000_000);
  });
});

/** How many bytes the engine holds. */
function measureMemory(): number {
  if (!engine) throw new Error("no engine runs");
  const memory = engine.runtime.computeMemoryUsage();
  const { memory_used_size: used } = engine.context.dump(memory) as { memory_used_size: number };
  memory.dispose();
  return used;
}

/** QuickJS with the portable rooms as built, and the functions of a chip. */
async function startEngine(world: LinkWorld, printed: string[]): Promise<void> {
  const quickjs = await newQuickJSWASMModuleFromVariant(import("@jitl/quickjs-wasmfile-release-sync"));
  const runtime = quickjs.newRuntime();
  const context = runtime.newContext();
  engine = { runtime, context };
  const settle = () => {
    const jobs = runtime.executePendingJobs();
    if (jobs.error) throw new Error(String(context.dump(jobs.error)));
  };
  const call = (name: string, argument: number | string) => {
    const given = typeof argument === "number" ? context.newNumber(argument) : context.newString(argument);
    const callee = context.getProp(context.global, name);
    context.unwrapResult(context.callFunction(callee, context.undefined, given)).dispose();
    callee.dispose();
    given.dispose();
    settle();
  };
  let port: BytePort | undefined;
  const chip = context.newObject();
  const define = (name: string, action: (...words: unknown[]) => number | void) => {
    const handle = context.newFunction(name, (...handles) => {
      const result = action(...handles.map((one) => context.dump(one) as unknown));
      return result === undefined ? context.undefined : context.newNumber(result);
    });
    context.setProp(chip, name, handle);
    handle.dispose();
  };
  define("monotonic", () => world.clock.monotonic());
  define("write", (hex) => void port?.write(fromHex(String(hex)) ?? new Uint8Array()));
  define("print", (text) => void printed.push(String(text)));
  define("setTimer", (id, delayMs) => {
    world.clock.setTimer(Number(delayMs), () => engine && call("onTimer", Number(id)));
  });
  define("open", () => {
    void world.openLine({}).then((line) => {
      port = line;
      call("onOpen", 0);
      line.start({
        onData: (bytes) => call("onData", toHex(bytes)),
        onWritable() {},
        onClose: () => engine && call("onClose", 0),
      });
      return undefined;
    });
  });
  context.setProp(context.global, "chip", chip);
  chip.dispose();
  const { code } = await bundle(program, "iife");
  context.unwrapResult(context.evalCode(code, "host.js")).dispose();
  settle();
}
