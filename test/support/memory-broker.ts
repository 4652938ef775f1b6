import { Aedes, type AedesOptions } from "aedes";
import type { OpenBytePort } from "../../src/base/index.ts";
import {
  type BytePortPair,
  type BytePortPairOptions,
  createBytePortPair,
  VirtualClock,
} from "../../src/virtual/index.ts";
import { toDuplex } from "./port-duplex.ts";

/** A real broker (aedes) in memory, behind byte ports. */
export interface MemoryBroker extends AsyncDisposable {
  readonly aedes: Aedes;
  /** Opens a connection to it; rejects while `isAway`. */
  readonly open: OpenBytePort;
  /** The connections opened so far, the latest last. */
  readonly pairs: BytePortPair[];
  /** Whether nobody can reach it. */
  isAway: boolean;
}

/** How a {@link MemoryBroker} is made. */
export interface MemoryBrokerOptions {
  readonly aedes?: AedesOptions;
  readonly pair?: BytePortPairOptions;
}

export async function createMemoryBroker(options: MemoryBrokerOptions = {}): Promise<MemoryBroker> {
  const aedes = await Aedes.createBroker(options.aedes);
  const pairs: BytePortPair[] = [];
  const broker: MemoryBroker = {
    aedes,
    pairs,
    isAway: false,
    open() {
      if (broker.isAway) return Promise.reject(new Error("nobody listens there"));
      const pair = createBytePortPair(options.pair);
      pairs.push(pair);
      aedes.handle(toDuplex(pair.right));
      return Promise.resolve(pair.left);
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => aedes.close(() => resolve())),
  };
  return broker;
}

/** Virtual time that lets Node's own queues run dry before it goes on: aedes takes some turns for each packet. */
export function createNodeClock(): VirtualClock {
  return new VirtualClock({
    async settle() {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  });
}
