import {
  type Boot,
  type BootState,
  decodeStagedImage,
  type ImageSlot,
  isImageSlot,
  type LogLevel,
  type StagedImage,
} from "../../board/index.ts";
import { isResetMode, type ResetMode } from "../../wire/index.ts";
import type { TlsOptions } from "../byte-ports/index.ts";

/** What one board is made of: everything that its agent and its supervisor need to know. Plain data. */
export interface BoardConfig {
  /** What people call it. */
  readonly name: string;
  /** Its topics begin with it, as `greenhouse`. */
  readonly prefix: string;
  /** moteq's version. */
  readonly version: string;
  /** The folder of supervisor and slots. */
  readonly data: string;
  /** The folder whose files can be managed from afar. */
  readonly root: string;
  /** From where modules are loaded that are named by a path. */
  readonly modulesFrom: string;
  readonly broker: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    readonly keepaliveSeconds: number;
    readonly clientId: string;
    readonly tls: TlsOptions;
  };
  /** Public keys that are trusted, 64 hexadecimal digits each; with any, only signed commands are taken. */
  readonly trusted: readonly string[];
  /** Modules by name, each with its configuration. */
  readonly modules: Readonly<Record<string, unknown>>;
  readonly safeModules: readonly string[];
  readonly log: { readonly console: LogLevel; readonly mqtt: LogLevel };
  readonly watchdog: {
    readonly timeoutMs: number;
    readonly confirmMs: number;
    readonly hangMs: number;
    readonly failedBoots: number;
    readonly trialBoots: number;
    readonly revert: boolean;
    /** A hardware watchdog to feed, as `/dev/watchdog`. */
    readonly device: string | undefined;
  };
}

/** What an agent is told when it starts. */
export interface StartMessage {
  readonly type: "start";
  readonly config: BoardConfig;
  readonly boot: Boot;
  readonly state: BootState;
}

/** What the supervisor says to the agent. */
export type ToAgent =
  | StartMessage
  | { readonly type: "state"; readonly state: BootState }
  /** The request of this number is done, on disk, or why not. */
  | { readonly type: "done"; readonly request: number; readonly error: string | undefined }
  /** End in good order. */
  | { readonly type: "stop" };

/** What the agent says to the supervisor. */
export type ToSupervisor =
  | { readonly type: "ready" }
  | { readonly type: "beat"; readonly memoryBytes: number; readonly busy: boolean }
  | { readonly type: "fed" }
  | { readonly type: "reset"; readonly mode: ResetMode }
  | { readonly type: "keep"; readonly request: number }
  | { readonly type: "vacate"; readonly request: number; readonly slot: ImageSlot }
  | {
      readonly type: "stage";
      readonly request: number;
      readonly slot: ImageSlot;
      readonly image: StagedImage;
    };

/** What the agent has sent, if it is something that an agent says. */
export function readAgentMessage(value: unknown): ToSupervisor | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  const { type, request, slot, mode, memoryBytes, busy } = message;
  const isRequest = typeof request === "number";
  switch (type) {
    case "ready":
    case "fed":
      return { type };
    case "beat":
      return typeof memoryBytes === "number" ? { type, memoryBytes, busy: busy === true } : undefined;
    case "reset":
      return isResetMode(mode) ? { type, mode } : undefined;
    case "keep":
      return isRequest ? { type, request } : undefined;
    case "vacate":
      return isRequest && isImageSlot(slot) ? { type, request, slot } : undefined;
    case "stage": {
      const image = decodeStagedImage(message["image"]);
      return isRequest && isImageSlot(slot) && image ? { type, request, slot, image } : undefined;
    }
    default:
      return undefined;
  }
}

/** From one sign of life of the agent to the next, in milliseconds. */
export const beatMs = 1000;
