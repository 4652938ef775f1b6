import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { FiveLines } from "../../src/device/index.ts";
import { FiveWire, Modem, type ModemOptions, systemNetwork } from "../../src/link/index.ts";
import { WatchedBroker } from "../gateway/broker.ts";
import type { MicroPythonNode } from "../micropython/node.ts";
import { MicroPythonWorld } from "../micropython/world.ts";

const script = fileURLToPath(new URL("../../examples/micropython-host/simple.py", import.meta.url));
/** The pins that the script uses, as it names them. */
const pins = { clockOut: 18, clockIn: 19, dataOut: 20, dataIn: 21, reset: 16, green: 2 } as const;

/** The modem's end of the wires that are soldered to a board's pins. */
function solder(board: MicroPythonNode): FiveLines {
  const listeners = new Map<number, () => void>();
  const input = (pin: number) => ({
    read: () => (board.outputs.get(pin) === 1 ? (1 as const) : (0 as const)),
    listen: (onChange: () => void) => void listeners.set(pin, onChange),
  });
  const output = (pin: number) => ({ write: (level: 0 | 1) => void board.inputs.set(pin, level) });
  board.outputs.set = (pin, level) => {
    Map.prototype.set.call(board.outputs, pin, level);
    listeners.get(pin)?.();
    return board.outputs;
  };
  return {
    clockIn: input(pins.clockOut),
    dataIn: input(pins.dataOut),
    clockOut: output(pins.clockIn),
    dataOut: output(pins.dataIn),
    reset: input(pins.reset),
    close: () => listeners.clear(),
  };
}

/** A board that runs MicroPython, five wires, the modem, a broker. */
class BoardWorld extends MicroPythonWorld {
  readonly broker: WatchedBroker;
  readonly board: MicroPythonNode;
  modem!: Modem;

  private constructor(broker: WatchedBroker) {
    super({ quietRounds: 6 });
    this.broker = broker;
    this.board = this.boot(script);
    this.startModem();
  }

  static async create(): Promise<BoardWorld> {
    return new BoardWorld(await WatchedBroker.start());
  }

  startModem(settings: Partial<ModemOptions> = {}): void {
    this.modem = new Modem({
      wire: new FiveWire({ role: "modem", lines: solder(this.board), clock: this.clock, idleMs: 50 }),
      clock: this.clock,
      random: this.random,
      openBroker: () => ({ open: this.broker.open }),
      network: systemNetwork,
      time: { read: () => Promise.resolve(this.clock.now()) },
      readMemory: () => ({ free: 1000, allocated: 24 }),
      ...settings,
    });
    this.modem.start();
  }

  /** A modem whose power was cut, and one that has just got it. */
  killModem(): void {
    this.broker.cut();
    void this.modem.close();
    this.broker.restore();
    this.startModem();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.clock.runUntil(this.modem.close());
    await this.broker[Symbol.asyncDispose]();
  }
}

let world: BoardWorld | undefined;
afterEach(() => world?.close());

describe("a host in real MicroPython on five wires", () => {
  it("publishes, switches its LED, and survives resets of the modem", async () => {
    world = await BoardWorld.create();
    const { board, broker, clock } = world;
    await clock.advance(16_000);
    expect(broker.textsOn("result")).toEqual(["1", "2"]);
    expect(broker.taken.every(({ retain, qos }) => !retain && qos === 1)).toBe(true);
    await broker.publish("green", "on");
    await clock.advance(1000);
    expect(board.outputs.get(pins.green)).toBe(1);
    await broker.publish("green", "off");
    await clock.advance(1000);
    expect(board.outputs.get(pins.green)).toBe(0);
    expect(world.modem.report).toMatchObject({ phase: "running", dialect: "classic", drops: {} });
    world.killModem();
    await clock.advance(16_000);
    expect(board.lines).toEqual(["modem lost: the modem is out of step"]);
    await broker.publish("green", "on");
    await clock.advance(4000);
    expect(board.outputs.get(pins.green)).toBe(1);
    expect(broker.textsOn("result")).toEqual(["1", "2", "3", "4"]);
  });
});
