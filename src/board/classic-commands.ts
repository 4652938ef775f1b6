import { decodeUtf8 } from "../base/index.ts";
import { type BoardPacket, classicReplyBytes, type CommandTopic } from "../wire/index.ts";
import { type Answer, mostPending, tooLongError } from "./answer.ts";
import { ClassicSeries, type SeriesServices } from "./classic-series.ts";
import { boardErrors, protocolError } from "./errors.ts";
import { toBoardPath } from "./path.ts";
import type { BoardFiles, Repl } from "./platform.ts";

/** How many bytes of a file are read at once for `get`. */
const readBytes = 64 * classicReplyBytes;

/** What the original's commands are done with. */
export interface ClassicServices extends SeriesServices {
  readonly files: BoardFiles;
  readonly repl: Repl;
}

/** The commands of the original mqrepl: `eval`, `get`, `put` and `ota`, for the original program. */
export class ClassicCommands {
  readonly #services: ClassicServices;
  readonly #series: ClassicSeries;

  constructor(services: ClassicServices) {
    this.#services = services;
    this.#series = new ClassicSeries(services);
  }

  /** Whether a file or an image is coming in. */
  get busy(): boolean {
    return this.#series.busy;
  }

  /** Whether a message belongs to a command that has begun. */
  goesOn(id: string): boolean {
    return this.#series.has(id);
  }

  /** Does a command, or the next part of one. What it throws is the answer. */
  async do(topic: CommandTopic, packet: BoardPacket, answer: Answer): Promise<void> {
    switch (topic.command) {
      case "eval":
        return await this.#evaluate(packet, answer);
      case "get":
        return await this.#get(topic.tail ?? "", answer);
      case "put":
      case "ota":
        return await this.#series.receive(topic, packet, answer);
      default:
        throw boardErrors.create("board/unknown-command", `Command '${topic.command}' not supported`);
    }
  }

  /** Ends everything that has begun. */
  close(): Promise<void> {
    return this.#series.close();
  }

  async #evaluate({ sequence, last, body }: BoardPacket, answer: Answer): Promise<void> {
    if (sequence !== 0 || !last) throw protocolError("eval", "only single message supported");
    const source = decodeUtf8(body);
    if (source === undefined) throw protocolError("eval", "the source is no UTF-8");
    let printed = "";
    const print = (text: string) => {
      if (printed.length + text.length > mostPending) throw tooLongError();
      printed += text;
    };
    const value = await this.#services.repl.evaluate(source, print, answer.failed);
    answer.end(printed + (value ?? ""));
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
}
