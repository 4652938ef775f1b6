import type { Clock, Cryptography } from "../base/index.ts";
import { decodeUtf8, show, toHex } from "../base/index.ts";
import type { Message, MqttClient } from "../mqtt/index.ts";
import {
  type BoardCommand,
  boardCommands,
  type BoardInfo,
  type BoardPacket,
  callCommand,
  type CommandTopic,
  classicReplyBytes,
  decodeBoardPacket,
  decodeCommandTopic,
  decodeReplyTopic,
  type IgnoredReason,
  parsePartTail,
  toInfoTopic,
  toLogTopic,
  watchdogId,
} from "../wire/index.ts";
import { Announcements } from "./announcements.ts";
import { Answer } from "./answer.ts";
import { ClassicCommands } from "./classic-commands.ts";
import { boardErrors } from "./errors.ts";
import { Feeder, toFeedAnswers } from "./feeder.ts";
import { Guard } from "./guard.ts";
import type { BoardLog, Logger } from "./log.ts";
import { doNative, type NativeServices } from "./native-commands.ts";
import { Partials } from "./partials.ts";
import { Places } from "./places.ts";
import type { BoardFiles, CrashStore, Keeper, Repl } from "./platform.ts";
import { usualPartBytes, usualWindowBytes } from "./transfer.ts";
import { Transfers } from "./transfers.ts";
import { Unproven } from "./unproven.ts";

/** How much of an answer goes in one message, in bytes. */
const usualReplyBytes = 16_384;
/** How many commands may be under way at once. */
const mostCommands = 64;
/** What sets a board right again, which is done however much is under way. */
const managing: ReadonlySet<BoardCommand> = new Set([
  "info",
  "reset",
  "log",
  "log-level",
  "crashes",
  "crash",
  "clear-crashes",
]);
/** From one feed to the next where nobody waits for it, in milliseconds. */
const unwatchedFeedMs = 60_000;

/** What an agent warns of beside strangers' messages. */
type OwnWarning = "feed" | "refused" | "prefix";

/** What an agent is made of. */
export interface BoardAgentOptions {
  /** Its connection. It is the agent's to start, not to make or close. Its will: {@link createBoardWill}. */
  readonly client: MqttClient;
  readonly clock: Clock;
  readonly cryptography: Cryptography;
  readonly files: BoardFiles;
  readonly repl: Repl;
  readonly keeper: Keeper;
  readonly crashes: CrashStore;
  readonly log: BoardLog;
  /** Its base topic, as `greenhouse/mqb`. */
  readonly base: string;
  /** What people call it. */
  readonly name: string;
  /** Of moteq. */
  readonly version: string;
  /** What it runs on, as `node v20.19.0 linux arm64`. */
  readonly platform: string;
  /** Ed25519 public keys, 32 bytes each. With any, only signed commands are taken. Default none. */
  readonly trusted?: readonly Uint8Array[];
  /** The longest file or image, in bytes. Default 1 GiB. */
  readonly maximumBytes?: number;
  /** The longest part of a file or image, in bytes. Default 16,384. */
  readonly partBytes?: number;
  /** How many bytes of a file or image may be on their way. Default 262,144. */
  readonly windowBytes?: number;
}

/** What makes a board manageable: it does what comes over the broker, logs there, and feeds the watchdog through it. */
export class BoardAgent {
  readonly #options: BoardAgentOptions;
  readonly #startedAt: number;
  readonly #logger: Logger;
  readonly #guard: Guard;
  readonly #transfers: Transfers;
  readonly #classic: ClassicCommands;
  readonly #feeder: Feeder;
  readonly #native: NativeServices;
  /** What was warned of. Strangers' messages are one thing a reason, so that they cannot keep others from being said. */
  readonly #said = new Set<IgnoredReason | OwnWarning>();
  readonly #announcements: Announcements;
  /** What was logged of the boot. */
  #told: Pick<Keeper, "confirmed" | "note"> = { confirmed: false, note: null };
  readonly #partBytes: number;
  readonly #windowBytes: number;
  readonly #places = new Places(mostCommands);
  readonly #unproven = new Unproven();
  /** Whether it has said that the board is offline, or is about to. */
  #isClosed = false;

  constructor(options: BoardAgentOptions) {
    const { clock, cryptography, keeper, log, client, base } = options;
    this.#options = options;
    this.#startedAt = clock.monotonic();
    this.#logger = log.logger("agent");
    this.#guard = new Guard(clock, cryptography, options.trusted ?? [], () => this.#announcements.announce());
    const { partBytes = usualPartBytes, windowBytes = usualWindowBytes, maximumBytes = 2 ** 30 } = options;
    this.#partBytes = partBytes;
    this.#windowBytes = windowBytes;
    const partials = new Partials(options);
    this.#transfers = new Transfers({ ...options, partials, partBytes, windowBytes, maximumBytes });
    this.#classic = new ClassicCommands({ ...options, partials, maximumBytes });
    this.#feeder = new Feeder({
      client,
      clock,
      cryptography,
      base,
      everyMs: keeper.timeoutMs === undefined ? unwatchedFeedMs : keeper.timeoutMs / 4,
      onFed: () => keeper.fed(),
      onLost: () =>
        this.#say(
          "feed",
          `what feeds the watchdog does not come back through the broker: may the board publish at ` +
            `${base}/cmd/call/${watchdogId} and ${base}/reply/#, and subscribe to ${base}/cmd/# and ${toFeedAnswers(base)}?`,
        ),
    });
    const info = () => this.info();
    this.#announcements = new Announcements({
      client,
      clock,
      base,
      info,
      onForeign: () => this.#sayForeign(),
    });
    this.#native = {
      ...options,
      guard: this.#guard,
      transfers: this.#transfers,
      partials,
      info,
    };
  }

  /** What the board says of itself. */
  info(): BoardInfo {
    const { keeper, name, version, platform, clock } = this.#options;
    return {
      state: "online",
      name,
      version,
      platform,
      mode: keeper.mode,
      slot: keeper.slot,
      image: keeper.image,
      confirmed: keeper.confirmed,
      note: keeper.note,
      commands: boardCommands,
      signed: this.#guard.signed,
      session: toHex(this.#guard.session),
      uptimeMs: Math.round(clock.monotonic() - this.#startedAt),
      part: this.#partBytes,
      window: this.#windowBytes,
      ignored: this.#guard.ignored.toJSON(),
    };
  }

  /** Whether a file or an image is coming in. */
  get busy(): boolean {
    return this.#transfers.busy || this.#classic.busy;
  }

  /** The REPL's `watchdog`. */
  get watchdog(): { feed(token: unknown): Promise<string> } {
    return {
      feed: async (token) => {
        // Whatever comes of it: a board whose disk is broken answers, one whose files never answer is not manageable.
        await this.#options.files.stat("").catch(() => {});
        return this.#feeder.evaluated(token);
      },
    };
  }

  /** Subscribes and begins to work; resolves when the broker has granted it. */
  async start(): Promise<void> {
    const { client, base, keeper } = this.#options;
    keeper.onChange = () => {
      this.#tellBoot();
      this.#announcements.announce();
    };
    const says = this.#guard.signed
      ? "only signed commands are taken"
      : "no keys are configured: whoever the broker lets publish commands this board";
    this.#logger.info(`${keeper.mode} mode, slot ${keeper.slot}; ${says}`);
    this.#connectLog(true);
    this.#tellBoot();
    this.#announcements.start();
    const feeding = client.subscribe(toFeedAnswers(base), { qos: 1 }, (message) => this.#takeFeed(message));
    // Where it is refused nothing comes home, which is said.
    feeding.catch(() => {});
    await client.subscribe(`${base}/cmd/#`, { qos: 1 }, (message) => this.#receive(message));
    this.#logger.info(`listening at ${base}/cmd/#`);
    this.#announcements.announce();
    this.#feeder.start();
  }

  /** The connection to the broker stands, or has ended. */
  linked(up: boolean): void {
    this.#connectLog(up);
    if (!up || this.#isClosed) return;
    this.#announcements.announce();
    this.#feeder.start();
  }

  /** Ends what is under way, and says that the board is offline. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#feeder.stop();
    this.#options.keeper.onChange = undefined;
    await this.#transfers.close();
    await this.#classic.close();
    await this.#announcements.close();
  }

  #connectLog(up: boolean): void {
    const { client, base, log } = this.#options;
    const topic = toLogTopic(base);
    log.connect(up ? (line) => client.publish(topic, line, { qos: 1 }) : undefined);
  }

  /** Logs what became of the boots before, and that this one is confirmed. */
  #tellBoot(): void {
    const { confirmed, note } = this.#options.keeper;
    if (note !== null && note !== this.#told.note) this.#logger.info(note);
    if (confirmed && !this.#told.confirmed) this.#logger.info("this boot is confirmed manageable");
    this.#told = { confirmed, note };
  }

  /** Takes a message. What it gives back holds the broker back: series do. Parts have their window. */
  #receive({ topic, payload, retain }: Message): void | Promise<void> {
    const { base } = this.#options;
    const command = decodeCommandTopic(base, topic);
    if (!command) return this.#ignore("foreign", `a message at ${show(topic)} is no command`);
    if (retain) {
      return this.#ignore("retained", "a command was retained at the broker: such ones are never done");
    }
    if (command.command === "part") {
      const offset = parsePartTail(command.tail);
      if (offset !== undefined && this.#transfers.part(command.id, offset, payload)) return undefined;
      return this.#ignore("malformed", `a part at ${show(topic)} is beyond what was announced, or too long`);
    }
    const packet = decodeBoardPacket(payload);
    if (!packet) {
      return this.#ignore("malformed", `a command at ${show(topic)} is shorter than its header`);
    }
    const isCall = command.command === callCommand;
    const size = isCall ? usualReplyBytes : classicReplyBytes;
    const { client, clock } = this.#options;
    const unproven = this.#guard.signed ? this.#unproven : undefined;
    const answer = new Answer({ client, clock, base, id: command.id, size, plain: !isCall, unproven });
    const work = isCall ? this.#doCall(topic, packet, answer) : this.#doClassic(command, packet, answer);
    return command.command === "put" || command.command === "ota" ? work : undefined;
  }

  async #doCall(topic: string, { sequence, last, body }: BoardPacket, answer: Answer): Promise<void> {
    try {
      const feed = answer.id === watchdogId ? this.#feeder.take(body) : undefined;
      if (feed === "repeated") return this.#guard.ignored.add("repeated");
      if (feed === "foreign") {
        const text = `a call at ${show(topic)}, where the board feeds its watchdog, is not its own`;
        return this.#ignore("foreign", text);
      }
      if (sequence !== 0 || !last)
        throw boardErrors.create("board/bad-command", "a call is one message, with the header 80 00");
      const request = this.#guard.admitCall(topic, body, feed === "own");
      if (!request) return;
      if (request.do !== "info") answer.trust();
      const work = () => doNative(this.#native, request, answer);
      if (managing.has(request.do)) return await work();
      await this.#places.hold(work, request.do === "eval" ? (error) => answer.fail(error) : undefined);
    } catch (error) {
      answer.fail(error);
    }
  }

  async #doClassic(
    command: CommandTopic,
    packet: Parameters<ClassicCommands["do"]>[1],
    answer: Answer,
  ): Promise<void> {
    try {
      const work = () => this.#classic.do(command, packet, answer);
      if (this.#classic.goesOn(command.id)) await work();
      else if (this.#guard.admitClassic(command.id)) {
        const letGo = (error: Error) => answer.fail(error);
        await this.#places.hold(work, command.command === "eval" ? letGo : undefined);
      }
    } catch (error) {
      answer.fail(error);
    }
  }

  /** Takes what was answered to the watchdog's feed. */
  #takeFeed(message: Message): void {
    if (decodeReplyTopic(this.#options.base, message.topic)?.kind !== "err") this.#feeder.receive(message);
    else this.#say("refused", `the watchdog's feed was refused: ${show(decodeUtf8(message.payload) ?? "")}`);
  }

  /** The other board may take what it heard of this one for its own run of before: it hears of it again, once. */
  #sayForeign(): void {
    const { base } = this.#options;
    if (!this.#said.has("prefix")) this.#announcements.announce();
    this.#say("prefix", `another board announces itself at ${base}: give each board a prefix of its own`);
  }

  #ignore(reason: IgnoredReason, text: string): undefined {
    this.#guard.ignored.add(reason);
    this.#say(reason, `${text}; the information counts such messages`);
    return undefined;
  }

  /** Warns, of each thing once. */
  #say(about: IgnoredReason | OwnWarning, text: string): void {
    if (this.#said.has(about)) return;
    this.#said.add(about);
    this.#logger.warning(text);
  }
}

/** The last will of a board's connection: its information, with the state `offline`. */
export function createBoardWill(
  base: string,
  board: Pick<BoardInfo, "name" | "version" | "platform">,
): { topic: string; payload: string; qos: 1; retain: true } {
  const { name, version, platform } = board;
  const payload = JSON.stringify({ state: "offline", name, version, platform });
  return { topic: toInfoTopic(base), payload, qos: 1, retain: true };
}
