import type { Clock, Timer } from "../base/index.ts";
import type { MqttClient } from "../mqtt/index.ts";
import {
  type BoardPacket,
  classicAckEvery,
  classicCommandBytes,
  classicDone,
  type CommandTopic,
  encodeAck,
  encodeBoardPacket,
  encodeReplyTopic,
  highestSequence,
  PacketOrder,
  uncounted,
} from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors, emptyImageError, protocolError } from "./errors.ts";
import type { Partials } from "./partials.ts";
import { toBoardPath } from "./path.ts";
import type { ImageWriter, Keeper } from "./platform.ts";
import { idleMs } from "./transfer.ts";

/** How many commands of several messages may be under way. */
const mostSeries = 4;
/** The longest image of the original program, which waits in memory until its size is known: as many messages as there are. */
const mostImageBytes = classicCommandBytes * (highestSequence + 1);

/** What series are taken with. */
export interface SeriesServices {
  readonly clock: Clock;
  readonly client: Pick<MqttClient, "publish">;
  readonly base: string;
  readonly keeper: Keeper;
  readonly partials: Partials;
  /** The longest file or image, in bytes. */
  readonly maximumBytes: number;
}

/** Where the bodies of a series go. */
interface SeriesTarget {
  take(body: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  /** What came is of no use: away with it. */
  abandon(): Promise<void>;
}

/** A `put` or `ota` whose messages are coming. */
interface Series {
  readonly order: PacketOrder;
  readonly target: Promise<SeriesTarget>;
  /** By which it is told that it has ended early. */
  readonly answer: Answer;
  working: Promise<void>;
  idle: Timer | undefined;
}

/** The commands of the original program that come in several messages: `put` and `ota`. */
export class ClassicSeries {
  readonly #services: SeriesServices;
  readonly #series = new Map<string, Series>();

  constructor(services: SeriesServices) {
    this.#services = services;
  }

  /** Whether a file or an image is coming in. */
  get busy(): boolean {
    return this.#series.size > 0;
  }

  /** Whether a message belongs to a command that has begun. */
  has(id: string): boolean {
    return this.#series.has(id);
  }

  /** Takes a message of one. What it throws is the answer. */
  async receive(
    { command, id, tail = "" }: CommandTopic,
    packet: BoardPacket,
    answer: Answer,
  ): Promise<void> {
    const series = this.#series.get(id) ?? this.#begin(command, id, tail, packet, answer);
    const place = series.order.place(packet);
    if (place === "repeated") return;
    series.idle?.cancel();
    let isLatest = false;
    try {
      if (place === "gap") {
        throw protocolError(command, `message missing: ${packet.sequence} vs. ${series.order.expected}`);
      }
      const working = continueWith(series, packet);
      series.working = working;
      await working;
      isLatest = series.working === working;
    } catch (error) {
      await this.#abandon(id, series);
      throw error;
    }
    const { sequence, last } = packet;
    if (last) {
      this.#series.delete(id);
      answer.end(classicDone);
      return;
    }
    if (isLatest) this.#watch(command, id, series);
    if (sequence > 0 && sequence % classicAckEvery === 0) this.#acknowledge(id, sequence);
  }

  /** Ends everything that has begun. */
  async close(): Promise<void> {
    await Promise.all([...this.#series].map(([id, series]) => this.#abandon(id, series)));
  }

  #begin(command: string, id: string, tail: string, packet: BoardPacket, answer: Answer): Series {
    if (packet.sequence !== 0) throw protocolError(command, "missing first message");
    if (this.#series.size >= mostSeries) this.#stopOldest();
    const target = command === "put" ? this.#openFile(tail, id) : this.#openImage(tail);
    const series = { order: new PacketOrder(), target, answer, working: Promise.resolve(), idle: undefined };
    this.#series.set(id, series);
    return series;
  }

  #stopOldest(): void {
    for (const [id, series] of this.#series) {
      const message = `MQRepl protocol error: ended for a later one, since ${mostSeries} were under way`;
      series.answer.fail(boardErrors.create("board/stopped", message));
      void this.#abandon(id, series);
      return;
    }
  }

  /** Whoever sends it may have gone. */
  #watch(command: string, id: string, series: Series): void {
    if (this.#series.get(id) !== series) return;
    series.idle = this.#services.clock.setTimer(idleMs, () => {
      const message = `MQRepl protocol error ${command}: no message came for ${idleMs / 1000} s`;
      series.answer.fail(boardErrors.create("board/stopped", message));
      void this.#abandon(id, series);
    });
  }

  async #abandon(id: string, series: Series): Promise<void> {
    series.idle?.cancel();
    if (this.#series.get(id) === series) this.#series.delete(id);
    await series.target.then((target) => target.abandon()).catch(() => {});
  }

  async #openFile(tail: string, id: string): Promise<SeriesTarget> {
    // The original gives no digest beforehand, so that there is nothing to go on with: each attempt has its own file.
    const partial = await this.#services.partials.open(toBoardPath(tail), `put ${id}`);
    const count = createCount(this.#services.maximumBytes);
    return {
      async take(body) {
        count.add(body.length);
        await partial.writer.write([body]);
      },
      async finish() {
        await partial.writer.sync();
        await partial.writer.close();
        await partial.accept(count.bytes);
        partial.release();
      },
      async abandon() {
        await partial.writer.close();
        await partial.discard().catch(() => {});
        partial.release();
      },
    };
  }

  async #openImage(sha256: string): Promise<SeriesTarget> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw protocolError("ota", "the topic ends in no SHA-256");
    const { keeper, maximumBytes } = this.#services;
    let image: ImageWriter | undefined;
    const pieces: Uint8Array[] = [];
    const count = createCount(Math.min(maximumBytes, mostImageBytes));
    // The original says no size beforehand: the slot is opened when it is known.
    return {
      take(body) {
        count.add(body.length);
        pieces.push(body.slice());
        return Promise.resolve();
      },
      async finish() {
        if (count.bytes === 0) throw emptyImageError();
        const opened = await keeper.openImage({ size: count.bytes, sha256, signature: null });
        image = opened;
        let skip = opened.size;
        for (const piece of pieces) {
          if (skip < piece.length) await opened.write([piece.subarray(skip)]);
          skip = Math.max(0, skip - piece.length);
        }
        await opened.sync();
        await opened.close();
        await opened.accept();
      },
      async abandon() {
        await image?.discard();
      },
    };
  }

  #acknowledge(id: string, sequence: number): void {
    const { client, base } = this.#services;
    const payload = encodeBoardPacket({ sequence: uncounted, last: true, body: encodeAck(sequence) });
    client.publish(encodeReplyTopic(base, "out", id), payload, { qos: 1 }).catch(() => {});
  }
}

/** Messages of a series are worked on one after the other. */
async function continueWith({ working, target }: Series, { body, last }: BoardPacket): Promise<void> {
  await working;
  const to = await target;
  await to.take(body);
  if (last) await to.finish();
}

/** Counts the bytes that came. Adding throws `board/too-long` where they are more than may be. */
function createCount(maximumBytes: number): { readonly bytes: number; add(length: number): void } {
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(length) {
      bytes += length;
      if (bytes <= maximumBytes) return;
      throw boardErrors.create("board/too-long", `the board takes at most ${maximumBytes} bytes at once`);
    },
  };
}
