import { type Clock, createSeededRandom, type Random, randomInteger } from "../base/index.ts";
import type { MacAddress } from "../device/index.ts";
import { Air } from "./air.ts";
import { type NodeProgram, VirtualNode, type WakeSchedule } from "./node.ts";
import {
  createContinuousProgram,
  createInsistentProgram,
  createLampProgram,
  createNativeSensorProgram,
  createPublishOnlyProgram,
  createSubscribeOnlyProgram,
  createWalkerProgram,
} from "./programs.ts";
import type { VirtualRadio, VirtualRadioOptions } from "./radio.ts";

/** How the demo world is made. */
export interface DemoWorldOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The address that the nodes send to. Default `02006d6f7465`. */
  readonly gatewayAddress?: MacAddress;
  /** The channel of all radios, 1 … 14. Default 1. */
  readonly channel?: number;
}

/** Six classic nodes and a native one around a gateway's radio. */
export interface DemoWorld {
  readonly air: Air;
  /** For the gateway, which closes it. */
  readonly gatewayRadio: VirtualRadio;
  /** Not started yet. */
  readonly nodes: readonly VirtualNode[];
  /** Starts all nodes. */
  start(): void;
  /** Closes all nodes. */
  close(): Promise<void>;
}

interface DemoNode {
  readonly name: string;
  readonly radio: Omit<VirtualRadioOptions, "channel" | "awake">;
  readonly schedule: WakeSchedule;
  readonly program: NodeProgram;
}

/**
 * Makes the world of the demo, with timings fit to watch.
 *
 * @example
 * const world = createDemoWorld({ clock, random });
 * const gateway = new Gateway({ radio: world.gatewayRadio, … });
 * world.start();
 */
export function createDemoWorld(options: DemoWorldOptions): DemoWorld {
  const { clock, random, gatewayAddress = "02006d6f7465", channel = 1 } = options;
  // Each part draws from numbers of its own, so that one node's chances do not shift another's.
  const fork = () => createSeededRandom(randomInteger(random, 0, 0xffff_ffff));
  const air = new Air({ clock, random: fork() });
  const gatewayRadio = air.join({
    address: gatewayAddress,
    channel,
    hostLatencyMs: 1,
    receiveBufferBytes: 16_384,
  });
  const nodes = describeNodes().map(({ name, radio, schedule, program }, index) => {
    const own = air.join({ ...radio, channel, awake: false });
    const firstWakeMs = 500 + index * 700;
    return new VirtualNode({
      name,
      radio: own,
      gateway: gatewayAddress,
      clock,
      random: fork(),
      schedule,
      program,
      firstWakeMs,
    });
  });
  return {
    air,
    gatewayRadio,
    nodes,
    start() {
      for (const node of nodes) node.start();
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

function describeNodes(): DemoNode[] {
  return [
    {
      name: "light",
      radio: { address: "020000000001", x: 12, y: 5 },
      schedule: { sleepMs: 6000, jitterMs: 1000 },
      program: createPublishOnlyProgram("light"),
    },
    {
      name: "subscriber",
      radio: { address: "020000000002", x: -8, y: 20 },
      schedule: { sleepMs: 8000, jitterMs: 1500 },
      program: createSubscribeOnlyProgram("foo_topic"),
    },
    {
      name: "shed",
      radio: { address: "020000000003", x: 35, y: -30 },
      schedule: "continuous",
      program: createContinuousProgram({ topic: "shed", pauseMs: 5000 }),
    },
    {
      name: "attic",
      radio: { address: "020000000004", x: 5, y: 60, faults: { loss: 0.2, acknowledgementLoss: 0.2 } },
      schedule: { sleepMs: 10_000, jitterMs: 2000 },
      program: createInsistentProgram("attic"),
    },
    {
      name: "walker",
      radio: { address: "020000000005", x: 20, y: 0 },
      schedule: { sleepMs: 5000, jitterMs: 500 },
      program: createWalkerProgram("walker"),
    },
    {
      name: "lamp",
      radio: { address: "020000000006", x: -15, y: -10 },
      schedule: "continuous",
      program: createLampProgram(),
    },
    {
      // Native: it is heard, but is nobody's node until somebody lets it join.
      name: "cellar",
      radio: { address: "020000000007", x: 3, y: -12 },
      schedule: { sleepMs: 7000, jitterMs: 1000 },
      program: createNativeSensorProgram({ topic: "cellar", periodSeconds: 8 }),
    },
  ];
}
