import { decodeUtf8, encodeUtf8, fromHex, type MoteqError, sha256Of } from "../base/index.ts";
import { type BoardEntry, type BoardInfo, type BoardLogLevel, type ResetMode } from "../wire/index.ts";
import type { CommandOptions, RemoteBoard, TransferOptions } from "./board.ts";
import type { ConversationOptions } from "./conversation.ts";
import { badAnswer, remoteErrors, tooLong } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { listByEvaluation } from "./mqrepl-listing.ts";
import { putClassic, updateClassic } from "./mqrepl-transfer.ts";
import {
  completeSource,
  describeSource,
  digestSource,
  makeFolderSource,
  parseNames,
  readSource,
  removeFolderSource,
  removeSource,
  renameSource,
  resetSource,
} from "./python.ts";

/** How many bytes of a file are read by one evaluation, where the name cannot stand in a topic. */
const readAtOnce = 512;
/**
 * The longest file that is fetched, in bytes. The original's answer ends at 32,767 messages of 2800 bytes; it comes as fast as
 * it can, so that all of it may have to wait here for whoever takes it.
 */
const longestFile = 128 * 1024 * 1024;

/** The numbers of levels in Python's `logging`. */
const pythonLevels = { debug: 10, info: 20, warning: 30, error: 40, critical: 50, none: 100 };
/** How long an answer is awaited that may not come, or for which nobody wants to wait, in milliseconds. */
const soonMs = 2000;

/** A board that runs the original mqrepl, in MicroPython. What it has no command for is Python that it evaluates. */
export class MqreplBoard implements RemoteBoard {
  readonly dialect = "mqrepl";
  readonly base: string;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.base = exchange.base;
  }

  async info(options: CommandOptions = {}): Promise<BoardInfo> {
    const platform = await this.#ask("info", describeSource, options);
    return {
      state: "online",
      name: "",
      version: "",
      platform,
      mode: "normal",
      slot: "factory",
      image: null,
      confirmed: false,
      note: null,
      commands: [],
      signed: false,
      session: "",
      uptimeMs: 0,
      part: 0,
      window: 0,
    };
  }

  async evaluate(
    source: string,
    options: CommandOptions & { readonly onOutput?: (bytes: Uint8Array) => void } = {},
  ): Promise<Uint8Array> {
    const { onOutput: onBody, signal } = options;
    return await this.#evaluate("eval", source, { signal, ...(onBody ? { onBody } : {}) });
  }

  async complete(text: string, options: CommandOptions = {}): Promise<string[]> {
    const [, object = "", start = ""] = /((?:[A-Za-z_]\w*\.)*)([A-Za-z_]\w*)?$/.exec(text) ?? [];
    const names = parseNames(await this.#ask("complete", completeSource(object.replace(/\.$/, "")), options));
    const fitting = names.filter((name) => name.startsWith(start)).map((name) => object + name);
    return fitting.toSorted().slice(0, 100);
  }

  async list(
    path: string,
    options: CommandOptions & { readonly recursive?: boolean; readonly digest?: boolean } = {},
  ): Promise<BoardEntry[]> {
    const listed = {
      ask: (source: string) => this.#ask("list", source, options),
      digest: (file: string) => this.digest(file, options),
    };
    return await listByEvaluation(listed, path, options);
  }

  async digest(path: string, options: CommandOptions = {}): Promise<string> {
    const answer = (await this.#ask("digest", digestSource(path), options)).trim();
    if (/^[0-9a-f]{64}$/.test(answer)) return answer;
    throw badAnswer("a SHA-256", answer);
  }

  async get(
    path: string,
    take: (bytes: Uint8Array) => void | Promise<void>,
    options: TransferOptions = {},
  ): Promise<number> {
    if (!fitsTopic(path)) return await this.#getByEvaluation(path, take, options);
    let size = 0;
    let taken = Promise.resolve();
    const conversation = this.#exchange.begin({
      command: "get",
      tail: path,
      signal: options.signal,
      maximumBytes: longestFile,
      onBody(body) {
        size += body.length;
        const piece = body.slice();
        taken = taken.then(() => take(piece));
        taken.catch((error: unknown) => conversation.fail(error));
        options.onProgress?.(size, size);
      },
    });
    conversation.send({ sequence: 0, last: true, body: new Uint8Array() });
    await conversation.done;
    await taken;
    return size;
  }

  async put(path: string, content: Uint8Array, options: TransferOptions = {}): Promise<void> {
    const { cryptography } = this.#exchange.services;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    // Each attempt to put this file has the same name for it: the next one takes over what could not be removed.
    const id = sha256Of(cryptography, encodeUtf8(path)).slice(0, 8);
    const beside = `${fitsTopic(folder) ? folder : ""}mqb-${id}.part`;
    const wanted = sha256Of(cryptography, content);
    try {
      await putClassic(this.#exchange, beside, content, options);
      const found = await this.digest(beside, options);
      if (found !== wanted) {
        throw remoteErrors.create(
          "remote/digest",
          `${path} arrived with the SHA-256 ${found}, sent was ${wanted}`,
        );
      }
      await this.#ask("rename", renameSource(beside, path), options);
    } catch (error) {
      // A board that is gone cannot remove anything.
      if (!remoteErrors.is(error, "remote/no-answer"))
        await this.#evaluate("remove", removeSource(beside), { timeoutMs: soonMs }).catch(() => {});
      throw error;
    }
  }

  async makeFolder(
    path: string,
    options: CommandOptions & { readonly parents?: boolean } = {},
  ): Promise<void> {
    if (!options.parents) {
      await this.#ask("make", makeFolderSource(path, false), options);
      return;
    }
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (let depth = 1; depth <= names.length; depth++) {
      const folder = (path.startsWith("/") ? "/" : "") + names.slice(0, depth).join("/");
      await this.#ask("make", makeFolderSource(folder, true), options);
    }
  }

  async remove(path: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask("remove", removeSource(path), options);
  }

  async removeFolder(path: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask("remove", removeFolderSource(path), options);
  }

  async rename(path: string, to: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask("rename", renameSource(path, to), options);
  }

  async reset(mode: ResetMode, options: CommandOptions = {}): Promise<void> {
    if (mode !== "hard") {
      await this.#ask("reset", resetSource(mode), options);
      return;
    }
    // It is gone before it could answer.
    await this.#evaluate("reset", resetSource(mode), { ...options, timeoutMs: soonMs }).catch(
      (error: unknown) => {
        if (!remoteErrors.is(error, "remote/no-answer")) throw error;
      },
    );
  }

  async update(
    image: Uint8Array,
    options: TransferOptions & { readonly boot?: boolean } = {},
  ): Promise<void> {
    const sha256 = sha256Of(this.#exchange.services.cryptography, image);
    await updateClassic(this.#exchange, sha256, image, options);
    // It has chosen the new image for its next start, and waits for that.
    if (options.boot ?? true) await this.#bootImage(options);
  }

  recentLog(): Promise<string[]> {
    return Promise.reject(this.#unsupported("keeps no log that could be asked for; follow it instead"));
  }

  async setLogLevel(
    levels: { readonly console?: BoardLogLevel; readonly mqtt?: BoardLogLevel },
    options: CommandOptions = {},
  ): Promise<void> {
    if (levels.mqtt !== undefined)
      throw this.#unsupported("has no command for the level of its log over MQTT");
    if (levels.console === undefined) return;
    const level = pythonLevels[levels.console];
    await this.#ask("log-level", `__import__('logging').basicConfig(level=${level})`, options);
  }

  crashes(): Promise<never> {
    return Promise.reject(this.#unsupported("keeps no crash log"));
  }

  crash(): Promise<never> {
    return this.crashes();
  }

  clearCrashes(): Promise<never> {
    return this.crashes();
  }

  /** It does not tell. */
  onRestart(): void {}

  close(): Promise<void> {
    return this.#exchange.close();
  }

  /** Evaluates, for what messages call `asked`, and gives back the text that comes. */
  async #ask(asked: string, source: string, { signal }: CommandOptions): Promise<string> {
    return decodeUtf8(await this.#evaluate(asked, source, { signal })) ?? "";
  }

  async #evaluate(
    asked: string,
    source: string,
    options: Omit<ConversationOptions, "command" | "asked">,
  ): Promise<Uint8Array> {
    const conversation = this.#exchange.begin({ ...options, command: "eval", asked });
    conversation.send({ sequence: 0, last: true, body: encodeUtf8(source) });
    await conversation.done;
    return conversation.answer;
  }

  async #bootImage(options: CommandOptions): Promise<void> {
    try {
      await this.reset("normal", options);
    } catch (cause) {
      if (!remoteErrors.is(cause, "remote/refused")) throw cause;
      const message = `the board has the image and boots it at its next reset, but would not be reset: ${cause.message}`;
      throw remoteErrors.create("remote/refused", message, { cause, detail: cause.detail });
    }
  }

  /** Names with `+` or `#` cannot stand in a topic; then the file comes by evaluating, piece by piece. */
  async #getByEvaluation(
    path: string,
    take: (bytes: Uint8Array) => void | Promise<void>,
    options: TransferOptions,
  ): Promise<number> {
    for (let offset = 0; ;) {
      const answer = (await this.#ask("get", readSource(path, offset, readAtOnce), options)).trim();
      const bytes = fromHex(answer);
      if (!bytes) throw badAnswer("bytes of a file", answer);
      if (offset + bytes.length > longestFile) throw tooLong("get", longestFile);
      await take(bytes);
      offset += bytes.length;
      options.onProgress?.(offset, offset);
      if (bytes.length < readAtOnce) return offset;
    }
  }

  #unsupported(what: string): MoteqError {
    return remoteErrors.create("remote/unsupported", `the board at ${this.base} runs mqrepl, which ${what}`);
  }
}

/** Whether a path may stand in a topic that brokers take: printable, and no wildcards. */
function fitsTopic(path: string): boolean {
  return path.length <= 400 && /^[^+#\p{Control}\p{Surrogate}\p{Unassigned}]*$/u.test(path);
}
