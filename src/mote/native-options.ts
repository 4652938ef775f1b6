import type { Clock, RandomBytes } from "../base/index.ts";
import type { MacAddress, Radio } from "../device/index.ts";
import type { Seal } from "../wire/index.ts";
import type { WaitOptions } from "./classic-node.ts";
import type { NoAnswer } from "./conversation.ts";
import type { NativeNodeMessage } from "./native-inbox.ts";
import type { NativeNodeState } from "./native-state.ts";

/** How a native node is made. */
export interface NativeNodeOptions {
  /** The node listens on it from now on; closing it is the caller's. */
  readonly radio: Radio;
  readonly clock: Clock;
  /** The gateway's address: only frames from there count. */
  readonly gateway: MacAddress;
  /** For keys: the system's own source. */
  readonly randomBytes: RandomBytes;
  /** What it remembers, from `save`. Default: nothing, it has to join. */
  readonly state?: NativeNodeState | undefined;
  /** How long an answer is waited for, in milliseconds. Default 100: the gateway answers when its disk has it. */
  readonly replyMs?: number;
  /** How often a frame is sent that is not answered, 1 or more. Default 4. */
  readonly attempts?: number;
  /** The longest message that is taken, in bytes. Default 16 KiB. */
  readonly maximumMessageBytes?: number;
  /** How many items wait until the gateway has them; then the oldest reading goes. Default 64. */
  readonly outboxLimit?: number;
  /** Default: `nobleSeal`. */
  readonly seal?: Seal;
}

/** Takes one message; what it throws ends the call that it was given to, and the message comes again. */
export type NativeMessageHandler = (message: NativeNodeMessage) => void;

/** What became of a publication or subscription. */
export type NativeOutcome =
  /** The gateway has it in its store. */
  | "stored"
  /** The same, but the broker is out for now. */
  | "broker-out"
  /** The gateway will never take it: a bad topic, or not allowed. */
  | "refused"
  /** The gateway does not take it now. It is kept, and goes with the next exchange. */
  | "later"
  /** It has not joined. It is kept. */
  | "not-joined"
  /** It had to go for newer ones: as many wait as may. */
  | "dropped"
  /** Nothing was heard; the gateway may or may not have it. It is kept, goes with the next exchange, and is taken once. */
  | NoAnswer;

/** How a native publication goes out. */
export interface NativePublishOptions extends WaitOptions {
  /** Whether the broker keeps it for later subscribers. Default false. */
  readonly retain?: boolean;
  /** The quality of service between gateway and broker. Default 1. */
  readonly qos?: 0 | 1 | 2;
  /** Takes the messages that wait, which then come with the answer. */
  readonly receive?: NativeMessageHandler | undefined;
}

/** How a reading is added. */
export interface ReadingOptions {
  readonly retain?: boolean;
  /** Default 1. */
  readonly qos?: 0 | 1 | 2;
  /** When it was taken, by the node's clock. Default: now. */
  readonly takenAt?: number;
}

/** How long a native node listens. */
export interface NativeListenOptions extends WaitOptions {
  /** Ends when no message has come for so many milliseconds. Default 200. */
  readonly silenceMs?: number;
  /** How often the gateway is asked although nothing comes, in milliseconds: it may have been started anew. Default 30,000. */
  readonly pollMs?: number;
}

/** What an exchange came to. */
export interface NativeExchange {
  /** `answered`: everything is said and, if wanted, everything that waited has come. */
  readonly outcome: "answered" | "not-joined" | NoAnswer;
  /** The time of day at the gateway, milliseconds since 1970. */
  readonly time: number | undefined;
  /** How many messages wait at the gateway. */
  readonly waiting: number;
  /** Whether the broker is out. */
  readonly brokerOut: boolean;
}
