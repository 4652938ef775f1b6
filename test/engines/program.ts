import { createSeededRandom, type BytePortListener, type Clock } from "../../src/base/index.ts";
import { connect, type MqttClient, type MqttVersion } from "../../src/mqtt/index.ts";

/** What the engine's surroundings do for the program. */
export interface Host {
  open(): void;
  write(bytes: ArrayBuffer): void;
  close(): void;
  /** Calls `ring(id)` in so many milliseconds. */
  setTimer(id: number, delayMs: number): void;
  now(): number;
  /** How far the program has come. */
  say(text: string): void;
}

/** What the surroundings call. */
export interface Program {
  start(version: MqttVersion): void;
  exchange(count: number): void;
  onOpen(): void;
  onData(bytes: ArrayBuffer): void;
  onClose(): void;
  ring(id: number): void;
}

const filters = ["a/+", "b/#", "c", "d/e", "f/g/h", "i/+/j", "k/#", "l", "m/n", "o/p"];

/** A program as on a microcontroller: no timers, no sockets, no text encoder but what its surroundings give it. */
export function createProgram(host: Host): Program {
  const timers = new Map<number, () => void>();
  let lastTimer = 0;
  const clock: Clock = {
    now: () => host.now(),
    monotonic: () => host.now(),
    setTimer(delayMs, callback) {
      const id = ++lastTimer;
      timers.set(id, callback);
      host.setTimer(id, delayMs);
      return { cancel: () => void timers.delete(id) };
    },
  };
  let listener: BytePortListener | undefined;
  let opened: (() => void) | undefined;
  let received = 0;
  let client: MqttClient | undefined;
  const open = async () => {
    await new Promise<void>((resolve) => {
      opened = resolve;
      host.open();
    });
    return {
      start: (to: BytePortListener) => void (listener = to),
      write(bytes: Uint8Array) {
        host.write(bytes.slice().buffer);
        return true;
      },
      pause() {},
      close: () => host.close(),
    };
  };
  const say = (error: unknown) => host.say(`failed: ${String(error)}`);
  return {
    start(version) {
      const one = connect({ open, clock, random: createSeededRandom(1), clientId: "engine", version });
      const subscribing = filters.map((filter) => one.subscribe(filter, { qos: 1 }, () => void received++));
      Promise.all(subscribing).then(() => host.say("subscribed"), say);
      client = one;
    },
    exchange(count) {
      const one = client;
      if (!one) return host.say("failed: not started");
      const publishing = Array.from({ length: count }, (_item, index) =>
        one.publish(`a/${index % 3}`, `message ${index}`, { qos: 1 }),
      );
      Promise.all(publishing).then(() => host.say(`published ${count}, received ${received}`), say);
    },
    onOpen: () => opened?.(),
    onData: (bytes) => listener?.onData(new Uint8Array(bytes)),
    onClose: () => listener?.onClose(),
    ring(id) {
      const callback = timers.get(id);
      timers.delete(id);
      callback?.();
    },
  };
}
