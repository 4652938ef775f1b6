import { decodeUtf8 } from "../base/index.ts";
import {
  type BoardPacket,
  classicAckEvery,
  classicCommandBytes,
  classicDone,
  classicReplyBytes,
  type CommandTopic,
  encodeAck,
  encodeBoardPacket,
  encodeReplyTopic,
  highestSequence,
  PacketOrder,
  uncounted,
} from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors } from "./errors.ts";
import type { Partials } from "./partials.ts";
import { toBoardPath } from "./path.ts";
import type { BoardFiles, ImageWriter, Keeper, Repl } from "./platform.ts";
import type { MqttClient } from "../mqtt/index.ts";

/** How many bytes of a file are read at once for `get`. */
const readBytes = 64 * classicReplyBytes;
/** How many commands of several messages may be under way. */
const mostSeries = 4;
/** The longest image of the original program, which waits in memory until its size is known: as many messages as there are. */
const mostImageBytes = classicCommandBytes * (highestSequence + 1);

/** What the original's commands are done with. */
export interface ClassicServices {
  readonly client: Pick<MqttClient, "publish">;
  readonly base: string;
  readonly files: BoardFiles;
  readonly repl: Repl;
  readonly keeper: Keeper;
  readonly partials: Partials;
  /** The longest file or image, in bytes. */
  readonly maximumBytes: number;
}

/** A `put` or `ota` whose messages are coming. */
interface Series {
  readonly order: PacketOrder;
  readonly take: (body: Uint8Array) => Promise<void>;
  readonly finish: () => Promise<void>;
  readonly abandon: () => Promise<void>;
  working: Promise<void>;
}

/** The commands of the original mqrepl: `eval`, `get`, `put` and `ota`, for the original program. */
export class ClassicCommands {
  readonly #services: ClassicServices;
  readonly #series = new Map<string, Series>();

  constructor(services: ClassicServices) {
    this.#services = services;
  }

  /** Whether a file or an image is coming in. */
  get busy(): boolean {
    return this.#series.size > 0;
  }

  /** Whether a message belongs to a command that has begun. */
  goesOn(id: string): boolean {
    return this.#series.has(id);
  }

  /** Does a command, or the next part of one. What it throws is the answer. */
  async do({ command, id, tail }: CommandTopic, packet: BoardPacket, answer: Answer): Promise<void> {
    switch (command) {
      case "eval":
        return await this.#evaluate(packet, answer);
      case "get":
        return await this.#get(tail ?? "", answer);
      case "put":
        return await this.#receive(command, id, packet, answer, () => this.#openFile(tail ?? "", id));
      case "ota":
        return await this.#receive(command, id, packet, answer, () => this.#openImage(tail ?? ""));
      default:
        throw boardErrors.create("board/unknown-command", `Command '${command}' not supported`);
    }
  }

  /** Ends everything that has begun. */
  async close(): Promise<void> {
    for (const series of this.#series.values()) await series.abandon().catch(() => {});
    this.#series.clear();
  }

  async #evaluate({ sequence, last, body }: BoardPacket, answer: Answer): Promise<void> {
    if (sequence !== 0 || !last) throw protocolError("eval", "only single message supported");
    const source = decodeUtf8(body);
    if (source === undefined) throw protocolError("eval", "the source is no UTF-8");
    const printed: string[] = [];
    const value = await this.#services.repl.evaluate(source, (text) => void printed.push(text));
    answer.end(printed.join("") + (value ?? ""));
  }

  async #get(tail: string, answer: Answer): Promise<void> {
    const path = toBoardPath(tail);
    for (let offset = 0; ; offset += readBytes) {
      const bytes = await this.#services.files.read(path, offset, readBytes);
      answer.write(bytes);
      await answer.drained();
      if (bytes.length < readBytes) break;
    }
    answer.end();
  }

  async #receive(
    command: "put" | "ota",
    id: string,
    packet: BoardPacket,
    answer: Answer,
    open: () => Promise<Omit<Series, "order" | "working">>,
  ): Promise<void> {
    let series = this.#series.get(id);
    if (!series) {
      if (packet.sequence !== 0) throw protocolError(command, "missing first message");
      if (this.#series.size >= mostSeries) this.#abandonOldest();
      const opening = open();
      series = {
        order: new PacketOrder(),
        take: async (body) => (await opening).take(body),
        finish: async () => (await opening).finish(),
        abandon: async () => (await opening).abandon(),
        working: Promise.resolve(),
      };
      this.#series.set(id, series);
    }
    const current = series;
    const place = current.order.place(packet);
    if (place === "repeated") return;
    if (place === "gap") {
      this.#series.delete(id);
      await current.abandon().catch(() => {});
      throw protocolError(command, `message missing: ${packet.sequence} vs. ${current.order.expected}`);
    }
    const { sequence, last, body } = packet;
    current.working = continueWith(current, body, last);
    try {
      await current.working;
    } catch (error) {
      this.#series.delete(id);
      await current.abandon().catch(() => {});
      throw error;
    }
    if (last) {
      this.#series.delete(id);
      answer.end(classicDone);
    } else if (sequence > 0 && sequence % classicAckEvery === 0) this.#acknowledge(id, sequence);
  }

  #abandonOldest(): void {
    for (const [id, series] of this.#series) {
      this.#series.delete(id);
      void series.abandon().catch(() => {});
      return;
    }
  }

  async #openFile(tail: string, id: string): Promise<Omit<Series, "order" | "working">> {
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

  async #openImage(sha256: string): Promise<Omit<Series, "order" | "working">> {
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
async function continueWith(series: Series, body: Uint8Array, last: boolean): Promise<void> {
  await series.working;
  await series.take(body);
  if (last) await series.finish();
}

function protocolError(command: string, what: string): Error {
  return boardErrors.create("board/bad-command", `MQRepl protocol error ${command}: ${what}`);
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
