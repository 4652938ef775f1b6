import { messageOf, type Timer } from "../base/index.ts";
import { isTunable, type MacAddress } from "../device/index.ts";
import { settleWithin } from "./deadline.ts";
import type { BridgeInfo } from "../topics/index.ts";
import { gatewayErrors } from "./errors.ts";
import type { GatewayParts } from "./parts.ts";
import { ToldNodes } from "./told-nodes.ts";

/** The name under which the store keeps the channel that the radio has been moved to. */
const channelSetting = "channel";
/** The name under which it keeps the move that is to come. */
const moveSetting = "channel-move";
/** How long after a failure the radio is asked again to go to its channel, in milliseconds. */
const retryMs = 10_000;
/** How long the gateway's start waits for the radio to go there, in milliseconds. */
const startMs = 5000;
/** So many nodes are named in a line, and in an event. */
const namedInLine = 20;
const namedInEvent = 1000;

/** Where the radio has been moved to, and where it would be by the settings: when somebody changes those, they hold again. */
interface Moved {
  readonly channel: number;
  readonly configured: number;
}

interface Move {
  readonly channel: number;
  /** In milliseconds since 1970. */
  readonly at: number;
}

interface PendingMove extends Move {
  /** The same by the monotonic clock: a step of the time of day changes nothing for the nodes either. */
  readonly due: number;
  timer: Timer | undefined;
  /** Whether the radio is being asked to go at this moment. */
  underWay: boolean;
}

/** What a node is told with an answer. */
export interface MoveAnnouncement {
  readonly move: { readonly channel: number; readonly inSeconds: number };
  /** To be called when the node's radio has the answer. */
  readonly onSent: () => void;
}

/** What channel moves stand on. */
export type ChannelMovesOptions = Pick<
  GatewayParts,
  "radio" | "clock" | "journal" | "reports" | "events" | "nodes"
> & {
  /** What `moteq/bridge/info` says has changed. */
  readonly onChange: () => void;
};

/**
 * Moves of the radio to another channel, planned ahead so that every native node that wakes until then can be told. A plan, and
 * where the radio has gone, outlive a restart.
 */
export class ChannelMoves {
  readonly #options: ChannelMovesOptions;
  /** The radio's channel by the settings. */
  readonly #configured: number;
  #pending: PendingMove | undefined;
  /** Who knows of the move that is to come; if none is, who was told of one that has been cancelled, and not yet of that. */
  readonly #told: ToldNodes;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: ChannelMovesOptions) {
    this.#options = options;
    this.#configured = options.radio.channel;
    this.#told = new ToldNodes(options.journal);
  }

  /** The move that is to come, as `moteq/bridge/info` says it. */
  get pending(): BridgeInfo["move"] {
    const move = this.#pending;
    return move ? { channel: move.channel, at: new Date(move.at).toISOString() } : null;
  }

  /** Goes where the radio was before the restart, and takes up the move that was planned: at once if its time has come meanwhile. */
  async restore(settings: ReadonlyMap<string, string>): Promise<void> {
    // A radio that does not answer must not keep the gateway from starting.
    await settleWithin(this.#options.clock, startMs, this.#resume(settings));
  }

  async #resume(settings: ReadonlyMap<string, string>): Promise<void> {
    const { clock, nodes, radio, reports } = this.#options;
    this.#told.restore(settings, nodes);
    if (!isTunable(radio)) {
      if (!settings.has(channelSetting) && !settings.has(moveSetting)) return;
      reports.status(`The radio stays on channel ${radio.channel}: it cannot go where the one before it was`);
      this.#keep(channelSetting, undefined);
      this.#keep(moveSetting, undefined);
      return;
    }
    const moved = read(settings.get(channelSetting)) as Moved | undefined;
    if (moved?.configured === this.#configured) await this.#go(moved.channel);
    else if (moved) this.#keep(channelSetting, undefined);
    const move = read(settings.get(moveSetting)) as Move | undefined;
    if (move && move.at <= clock.now()) await this.#cutOver(this.#arm(move, false));
    else if (move) this.#arm(move, true);
  }

  /**
   * Plans a move, in place of one that is to come.
   *
   * @returns when it will be, in milliseconds since 1970
   * @throws `gateway/cannot-move`: the radio cannot change its channel, is there already, or is about to go
   */
  plan(channel: number, seconds: number): number {
    const { radio, clock, reports, onChange } = this.#options;
    if (!isTunable(radio)) {
      throw gatewayErrors.create(
        "gateway/cannot-move",
        `the radio ${radio.address} cannot change its channel, which is ${radio.channel}`,
      );
    }
    if (channel === radio.channel) {
      throw gatewayErrors.create("gateway/cannot-move", `the radio is on channel ${channel} already`);
    }
    if (this.#pending?.underWay) {
      throw gatewayErrors.create(
        "gateway/cannot-move",
        `the radio is about to go to channel ${this.#pending.channel}; ask again in a moment`,
      );
    }
    this.#pending?.timer?.cancel();
    this.#told.clear();
    const move = this.#arm({ channel, at: clock.now() + seconds * 1000 }, true);
    this.#keep(moveSetting, { channel, at: move.at } satisfies Move);
    reports.status(`The radio will go to channel ${channel} in ${seconds} s`);
    onChange();
    return move.at;
  }

  /** Takes the move back that is to come: nodes that know of it hear that with their next answer. `false` if there is none. */
  cancel(): boolean {
    const { reports, onChange } = this.#options;
    const move = this.#pending;
    if (!move || move.underWay) return false;
    move.timer?.cancel();
    this.#pending = undefined;
    this.#keep(moveSetting, undefined);
    reports.status(`The radio will not go to channel ${move.channel}`);
    onChange();
    return true;
  }

  /** What the next answer to a native node is to say; `undefined` if there is nothing to say. */
  announce(address: MacAddress): MoveAnnouncement | undefined {
    const { clock, radio } = this.#options;
    const pending = this.#pending;
    if (pending) {
      const inSeconds = Math.max(0, Math.ceil((pending.due - clock.monotonic()) / 1000));
      return {
        move: { channel: pending.channel, inSeconds },
        onSent: () => {
          // It may have been cancelled meanwhile: then the node has to hear of that.
          if (this.#pending === pending || !this.#pending) this.#told.add(address);
        },
      };
    }
    if (!this.#told.has(address)) return undefined;
    return {
      move: { channel: radio.channel, inSeconds: 0 },
      onSent: () => {
        if (!this.#pending) this.#told.delete(address);
      },
    };
  }

  /** A node is no more. */
  forget(address: MacAddress): void {
    this.#told.delete(address);
  }

  close(): void {
    this.#closed = true;
    this.#pending?.timer?.cancel();
    this.#retry?.cancel();
  }

  #arm(move: Move, wait: boolean): PendingMove {
    const { clock } = this.#options;
    const inMs = Math.max(0, move.at - clock.now());
    const pending: PendingMove = {
      ...move,
      due: clock.monotonic() + inMs,
      timer: undefined,
      underWay: false,
    };
    this.#pending = pending;
    if (wait) pending.timer = clock.setTimer(inMs, () => void this.#cutOver(pending));
    return pending;
  }

  /** Never rejects. */
  async #cutOver(move: PendingMove): Promise<void> {
    const { clock, nodes, reports, events, onChange } = this.#options;
    move.underWay = true;
    const failure = await this.#tune(move.channel);
    move.underWay = false;
    if (this.#closed) return;
    if (failure !== undefined) {
      this.#report(move.channel, failure);
      move.timer = clock.setTimer(retryMs, () => void this.#cutOver(move));
      return;
    }
    this.#pending = undefined;
    // One commit: after a restart at any instant, either all of it has happened or it happens again.
    this.#keep(channelSetting, { channel: move.channel, configured: this.#configured } satisfies Moved);
    this.#keep(moveSetting, undefined);
    const untold = [...nodes.values()].filter(({ address }) => !this.#told.has(address));
    this.#told.clear();
    const names = untold.map(({ name }) => name);
    reports.status(`The radio is on channel ${move.channel} now${describeUntold(names)}`);
    events.tell({ type: "channel_moved", channel: move.channel, untold: names.slice(0, namedInEvent) });
    onChange();
  }

  /** Goes to a channel, however long it takes. Settles after the first attempt, and never rejects. */
  async #go(channel: number): Promise<void> {
    const failure = await this.#tune(channel);
    if (failure === undefined || this.#closed) return;
    this.#report(channel, failure);
    this.#retry = this.#options.clock.setTimer(retryMs, () => {
      if (!this.#pending?.underWay) void this.#go(channel);
    });
  }

  /** Why the radio did not go to a channel; `undefined` if it did. */
  async #tune(channel: number): Promise<string | undefined> {
    const { radio } = this.#options;
    if (!isTunable(radio)) return "it cannot change its channel";
    this.#retry?.cancel();
    try {
      await radio.setChannel(channel);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #report(channel: number, failure: string): void {
    this.#options.reports.trouble("errors", "channel", () => {
      return `The radio cannot go to channel ${channel}, and is asked again: ${failure}`;
    });
  }

  #keep(name: string, value: unknown): void {
    const text = value === undefined ? undefined : JSON.stringify(value);
    this.#options.journal.add({ type: "setting", name, value: text });
  }
}

function read(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function describeUntold(names: readonly string[]): string {
  if (names.length === 0) return "; all nodes know";
  const named = names.slice(0, namedInLine).join(", ");
  const more = names.length - namedInLine;
  const rest = more > 0 ? ` and ${more} more` : "";
  return `; nodes that were not told, and have to look for it: ${named}${rest}`;
}
