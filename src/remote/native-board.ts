import { decodeUtf8, fromHex, type MoteqError, sha256Of, type Signer, toHex } from "../base/index.ts";
import {
  type BoardEntry,
  type BoardInfo,
  type BoardLogLevel,
  type BoardRequest,
  callCommand,
  type CrashReport,
  decodeBoardEntry,
  decodeBoardInfo,
  decodeCrashReport,
  encodeBoardRequest,
  encodeCall,
  type ResetMode,
} from "../wire/index.ts";
import type { CommandOptions, RemoteBoard, TransferOptions } from "./board.ts";
import type { Conversation, ConversationOptions } from "./conversation.ts";
import { badAnswer, remoteErrors } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { Pace } from "./pace.ts";
import { type PartsAhead, sendParts } from "./parts.ts";
import { type AskForPiece, getPieces, longestPiece } from "./pieces.ts";
import { SessionWatch } from "./session-watch.ts";

/**
 * So often one command is made in another session at most. A board begins one when it is started anew, which may be several
 * times during a long transfer, and for every 64 callers: of some thousands at once nobody needs more.
 */
const mostSessions = 100;

/** A board that runs moteq's own agent. */
export class NativeBoard implements RemoteBoard {
  readonly dialect = "native";
  readonly base: string;
  readonly #exchange: Exchange;
  readonly #signer: Signer | undefined;
  readonly #caller: Uint8Array;
  readonly #watch: SessionWatch;
  #session = new Uint8Array(16);
  #number = 0;
  #ahead: PartsAhead | undefined;
  /** The shortest time in which the board has answered, in milliseconds. */
  #roundTripMs = Number.POSITIVE_INFINITY;

  constructor(exchange: Exchange, signer?: Signer) {
    this.#exchange = exchange;
    this.#signer = signer;
    this.#caller = exchange.services.cryptography.randomBytes(8);
    this.base = exchange.base;
    this.#watch = new SessionWatch(exchange.services, exchange.base, (session) => this.#useSession(session));
  }

  /** Hears from now on when the board is started anew, so that what it forgets by that ends at once. */
  watch(): void {
    this.#watch.start(toHex(this.#session));
  }

  onRestart(listener: () => void): void {
    this.#watch.onRestart(listener);
  }

  async info(options: CommandOptions & { readonly timeoutMs?: number } = {}): Promise<BoardInfo> {
    // It is asked without a session, since it tells which one there is.
    const { clock } = this.#exchange.services;
    const askedAt = clock.monotonic();
    const conversation = this.#begin({ do: "info" }, { ...options, maximumBytes: 65_536 });
    await conversation.done;
    this.#roundTripMs = Math.min(this.#roundTripMs, clock.monotonic() - askedAt);
    const answer = decodeUtf8(conversation.answer) ?? "";
    const info = decodeBoardInfo(answer);
    if (!info) throw badAnswer("information about itself", answer);
    this.#useSession(info.session);
    this.#ahead = info.part > 0 && info.window > 0 ? { part: info.part, window: info.window } : undefined;
    return info;
  }

  async evaluate(
    source: string,
    options: CommandOptions & { readonly onOutput?: (bytes: Uint8Array) => void } = {},
  ): Promise<Uint8Array> {
    const { onOutput: onBody, signal } = options;
    return await this.#call({ do: "eval", source }, { signal, ...(onBody ? { onBody } : {}) });
  }

  async complete(text: string, options: CommandOptions = {}): Promise<string[]> {
    const answer = await this.#ask({ do: "complete", text }, options);
    const words = parseJson(answer);
    if (!Array.isArray(words)) throw badAnswer("a list of words", answer);
    return words.filter((word) => typeof word === "string").slice(0, 100);
  }

  async list(
    path: string,
    options: CommandOptions & { readonly recursive?: boolean; readonly digest?: boolean } = {},
  ): Promise<BoardEntry[]> {
    const { recursive = false, digest = false } = options;
    const answer = await this.#ask({ do: "list", path, recursive, digest }, options);
    return linesOf(answer).map((line) => decodeBoardEntry(line) ?? fail("an entry of a folder", line));
  }

  async digest(path: string, options: CommandOptions = {}): Promise<string> {
    return (await this.#describeFile(path, options)).sha256;
  }

  async get(
    path: string,
    take: (bytes: Uint8Array) => void | Promise<void>,
    options: TransferOptions = {},
  ): Promise<number> {
    const { size, sha256 } = await this.#describeFile(path, options);
    const hash = this.#exchange.services.cryptography.createSha256();
    const ask: AskForPiece = (offset, length, signal) =>
      this.#call({ do: "get", path, offset, size: length }, { signal, maximumBytes: longestPiece });
    let got = 0;
    const takeNext = async (bytes: Uint8Array) => {
      hash.update(bytes);
      await take(bytes);
      got += bytes.length;
      options.onProgress?.(got, size);
    };
    const isWhole = await getPieces(size, this.#pace(), ask, takeNext, options.signal);
    if (!isWhole || hash.hex() !== sha256) throw changedError(path);
    return size;
  }

  async put(path: string, content: Uint8Array, options: TransferOptions = {}): Promise<void> {
    const sha256 = this.#sha256Of(content);
    await this.#send({ do: "put", path, size: content.length, sha256 }, content, options);
  }

  async makeFolder(
    path: string,
    options: CommandOptions & { readonly parents?: boolean } = {},
  ): Promise<void> {
    await this.#ask({ do: "make", path, parents: options.parents ?? false }, options);
  }

  async remove(path: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask({ do: "remove", path }, options);
  }

  async removeFolder(path: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask({ do: "remove", path, folder: true }, options);
  }

  async rename(path: string, to: string, options: CommandOptions = {}): Promise<void> {
    await this.#ask({ do: "rename", path, to }, options);
  }

  async reset(mode: ResetMode, options: CommandOptions = {}): Promise<void> {
    await this.#ask({ do: "reset", mode }, options);
  }

  async update(
    image: Uint8Array,
    options: TransferOptions & { readonly signature?: string | undefined; readonly boot?: boolean } = {},
  ): Promise<void> {
    const { signature, boot = true } = options;
    const sha256 = this.#sha256Of(image);
    const signed = signature === undefined ? {} : { signature };
    await this.#send({ do: "update", size: image.length, sha256, boot, ...signed }, image, options);
  }

  async recentLog(options: CommandOptions & { readonly lines?: number } = {}): Promise<string[]> {
    const { lines = 1000 } = options;
    return linesOf(await this.#ask({ do: "log", lines }, options));
  }

  async setLogLevel(
    levels: { readonly console?: BoardLogLevel; readonly mqtt?: BoardLogLevel },
    options: CommandOptions = {},
  ): Promise<void> {
    await this.#ask({ do: "log-level", ...levels }, options);
  }

  async crashes(options: CommandOptions = {}): Promise<CrashReport[]> {
    const answer = await this.#ask({ do: "crashes" }, options);
    return linesOf(answer).map((line) => decodeCrashReport(line) ?? fail("a crash", line));
  }

  async crash(number: number, options: CommandOptions = {}): Promise<CrashReport> {
    const answer = await this.#ask({ do: "crash", number }, options);
    return decodeCrashReport(answer) ?? fail("a crash", answer);
  }

  async clearCrashes(options: CommandOptions = {}): Promise<void> {
    await this.#ask({ do: "clear-crashes" }, options);
  }

  async close(): Promise<void> {
    await Promise.all([this.#watch.stop(), this.#exchange.close()]);
  }

  async #describeFile(path: string, options: CommandOptions): Promise<{ size: number; sha256: string }> {
    const answer = await this.#ask({ do: "digest", path }, options);
    const { size, sha256 } = (parseJson(answer) ?? {}) as { size?: unknown; sha256?: unknown };
    if (!Number.isSafeInteger(size) || typeof sha256 !== "string")
      throw badAnswer("a file's size and digest", answer);
    return { size: size as number, sha256 };
  }

  async #ask(request: BoardRequest, { signal }: CommandOptions): Promise<string> {
    const answer = await this.#call(request, { signal });
    return decodeUtf8(answer) ?? fail("readable text", `${answer.length} bytes`);
  }

  /** Calls, and gives back the whole answer. */
  async #call(request: BoardRequest, options: Omit<ConversationOptions, "command">): Promise<Uint8Array> {
    return await this.#inSession(async (session) => {
      const conversation = this.#begin(request, options);
      this.#watch.follow(conversation, session);
      await conversation.done;
      return conversation.answer;
    });
  }

  async #send(
    request: BoardRequest & { readonly do: "put" | "update" },
    content: Uint8Array,
    options: TransferOptions,
  ): Promise<void> {
    const { signal } = options;
    const begin = (one: BoardRequest, more: Omit<ConversationOptions, "command">) =>
      this.#begin(one, { ...more, signal });
    // An image is long, and more often than not an attempt that was interrupted goes on.
    let ahead = request.do === "put" ? this.#ahead : undefined;
    const pace = this.#pace();
    await this.#inSession(async () => {
      const line = { pace, ahead };
      ahead = undefined;
      await sendParts(this.#exchange, request, content, begin, options, line);
    });
  }

  #pace(): Pace {
    return new Pace(this.#exchange.services.clock, this.#roundTripMs);
  }

  /** Does what needs the board's session, and again in the one that a refusal names. @param work is told the session */
  async #inSession<Result>(work: (session: string) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const session = toHex(this.#session);
      try {
        return await work(session);
      } catch (error) {
        if (!remoteErrors.is(error, "remote/refused") || error.detail["code"] !== "board/session")
          throw error;
        const named = String(error.detail["text"]).trim();
        if (attempt < mostSessions && named !== session && this.#useSession(named)) continue;
        const message = `the board at ${this.base} does not take the session that it names itself: ask again, or see who else drives it`;
        throw remoteErrors.create("remote/refused", message, { cause: error, detail: error.detail });
      }
    }
  }

  #begin(request: BoardRequest, options: Omit<ConversationOptions, "command">): Conversation {
    const conversation = this.#exchange.begin({ ...options, command: callCommand, asked: request.do });
    const call = {
      session: this.#session,
      caller: this.#caller,
      number: ++this.#number,
      request: encodeBoardRequest(request),
    };
    const body = encodeCall(conversation.topic, call, this.#signer);
    conversation.send({ sequence: 0, last: true, body });
    return conversation;
  }

  /** Makes calls in this session from now on, if it is one. */
  #useSession(hex: string): boolean {
    const session = fromHex(hex);
    if (session?.length !== 16) return false;
    this.#session = session.slice();
    return true;
  }

  #sha256Of(bytes: Uint8Array): string {
    return sha256Of(this.#exchange.services.cryptography, bytes);
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fail(wanted: string, got: string): never {
  throw badAnswer(wanted, got);
}

function changedError(path: string): MoteqError {
  return remoteErrors.create(
    "remote/digest",
    `${path} changed while it was fetched, or was damaged on the way`,
  );
}
