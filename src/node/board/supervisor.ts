import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex, messageOf } from "../../base/index.ts";
import {
  type Boot,
  type BootRecord,
  type BootState,
  Supervision,
  type SupervisionEffect,
} from "../../board/index.ts";
import { systemClock } from "../clock.ts";
import { claimFolder, type FolderClaim } from "../stores/folder-claim.ts";
import { AgentProcess, endLeftBehind } from "./agent-process.ts";
import { FolderCrashStore } from "./crashes.ts";
import { HardwareWatchdog } from "./hardware-watchdog.ts";
import { probeBroker } from "./probe.ts";
import type { BoardConfig, ToSupervisor } from "./protocol.ts";
import { BootRecordFile } from "./record-file.ts";
import { ImageSlots } from "./slots.ts";
import { supervisorErrors } from "./supervisor-errors.ts";

/** From one look at the clock to the next, in milliseconds. */
const tickMs = 250;

/** A board that runs: an agent as a child, and what keeps it alive. */
export class BoardSupervisor {
  readonly #config: BoardConfig;
  readonly #slots: ImageSlots;
  readonly #crashes: FolderCrashStore;
  readonly #supervision: Supervision;
  readonly #print: (text: string) => void;
  readonly #record: BootRecordFile;
  readonly #pidFile: string;
  #agent: AgentProcess | undefined;
  #claim: FolderClaim | undefined;
  #device: HardwareWatchdog | undefined;
  #ticks: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #memoryBytes: number | null = null;
  /** Whether the agent has asked for its start: before, it is told nothing. */
  #isReady = false;
  #closing: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  /** Whether the broker did not take the supervisor's own connection the last time. */
  #isProbeRefused = false;
  /** Why the record could not be written the last time, if so. */
  #saveError: string | undefined;
  /** What was said of the disk since it took the record the last time. */
  readonly #said = new Set<string>();

  private constructor(config: BoardConfig, print: (text: string) => void) {
    const { data, watchdog, trusted } = config;
    this.#config = config;
    this.#print = print;
    this.#slots = new ImageSlots(join(data, "slots"));
    this.#crashes = new FolderCrashStore(join(data, "crashes"));
    this.#record = new BootRecordFile(join(data, "boot.json"));
    this.#pidFile = join(data, "agent.pid");
    const keys = trusted.map((key) => fromHex(key) ?? new Uint8Array());
    this.#supervision = new Supervision(this.#record.read(), watchdog, (slot) =>
      this.#slots.check(slot, this.#supervision.record.images[slot], keys, () => this.#device?.feed()),
    );
  }

  /**
   * Starts a board.
   *
   * @param print takes what the agent prints
   * @throws `node/board-runs`, `node/watchdog-device`, `node/board-folder`
   */
  static async start(config: BoardConfig, print: (text: string) => void): Promise<BoardSupervisor> {
    try {
      mkdirSync(config.data, { recursive: true });
    } catch (cause) {
      const text = `the board's folder ${config.data} cannot be made: ${messageOf(cause)}`;
      throw supervisorErrors.create("node/board-folder", text, { cause });
    }
    const claim = await claimFolder(config.data);
    if (!claim)
      throw supervisorErrors.create(
        "node/board-runs",
        `another process runs a board with the folder ${config.data}`,
      );
    const supervisor = new BoardSupervisor(config, print);
    supervisor.#claim = claim;
    try {
      supervisor.#begin();
    } catch (error) {
      await claim.release();
      throw error;
    }
    return supervisor;
  }

  /** Ends the agent, which says goodbye, and itself. A hardware watchdog is told that it is meant. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearInterval(this.#ticks);
    clearTimeout(this.#restart);
    const ended = new Promise<void>((resolve) => (this.#closing = resolve));
    // Also between two agents: the next one has been counted already.
    this.#perform(this.#supervision.end());
    if (this.#agent) {
      this.#agent.stop(false);
      await ended;
    }
    this.#device?.close();
    await this.#claim?.release();
  }

  #begin(): void {
    this.#makeFolders();
    const { device } = this.#config.watchdog;
    if (device !== undefined) this.#device = new HardwareWatchdog(device, this.#print);
    endLeftBehind(this.#pidFile);
    this.#perform(this.#supervision.start());
    this.#ticks = setInterval(() => {
      this.#device?.feed();
      this.#perform(this.#supervision.tick(systemClock.monotonic()));
    }, tickMs);
  }

  /** Without slots no image runs, and without its folder no file is managed; but the board is manageable. */
  #makeFolders(): void {
    const { root } = this.#config;
    try {
      mkdirSync(root, { recursive: true });
    } catch (error) {
      this.#say(`the folder ${root}, whose files are to be managed, cannot be made: ${messageOf(error)}`);
    }
    try {
      this.#slots.prepare((text) => this.#say(text));
    } catch (error) {
      this.#say(`the slots for images cannot be made: ${messageOf(error)}`);
    }
  }

  /** Says what is wrong with the disk, once: it is tried again at each boot. */
  #say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#print(`moteq: ${text}\n`);
  }

  #perform(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case "save":
          this.#save(effect.record);
          break;
        case "start":
          this.#restart = setTimeout(() => this.#start(effect.boot), effect.afterMs);
          break;
        case "stop":
          this.#agent?.stop(effect.hard);
          break;
        case "report":
          this.#report(effect.cause, effect.boot);
          break;
        case "probe":
          void this.#probe();
          break;
        case "tell":
          this.#tell(effect.state);
      }
    }
  }

  /** On a full disk the board goes on with the record that was there. */
  #save(record: BootRecord): void {
    this.#saveError = this.#record.save(record);
    if (this.#saveError === undefined) this.#said.clear();
    else this.#say(`the record of boots cannot be written: ${this.#saveError}`);
  }

  #start(boot: Boot): void {
    if (this.#closing) return;
    const own = fileURLToPath(new URL("agent-main.js", import.meta.url));
    this.#startedAt = systemClock.monotonic();
    this.#memoryBytes = null;
    this.#isReady = false;
    this.#perform(this.#supervision.started(this.#startedAt));
    try {
      this.#agent = new AgentProcess({
        program: boot.slot === "factory" ? own : this.#slots.pathOf(boot.slot),
        pidFile: this.#pidFile,
        onOutput: this.#print,
        onProblem: (text) => this.#say(text),
        onMessage: (message) => this.#receive(message, boot),
        onExit: (how) => this.#exited(how),
      });
    } catch (error) {
      // Without memory for one more process there will be some later.
      this.#exited(`it could not be started: ${messageOf(error)}`);
    }
  }

  #exited(how: string): void {
    if (this.#record.unread !== undefined) {
      const record = this.#record.read();
      if (this.#record.unread === undefined) this.#supervision.found(record);
    }
    const effects = this.#closing ? [] : this.#supervision.exited(systemClock.monotonic(), how);
    this.#perform(effects);
    this.#agent = undefined;
    this.#closing?.();
  }

  #receive(message: ToSupervisor, boot: Boot): void {
    const now = systemClock.monotonic();
    switch (message.type) {
      case "ready":
        // However often it asks, it is told its configuration once.
        if (this.#isReady) break;
        this.#isReady = true;
        this.#agent?.send({ type: "start", config: this.#config, boot, state: this.#supervision.state });
        break;
      case "beat":
        this.#memoryBytes = message.memoryBytes;
        this.#perform(this.#supervision.beat(now, message.busy));
        break;
      case "fed":
        this.#perform(this.#supervision.fed(now));
        break;
      case "reset":
        this.#perform(this.#supervision.reset(message.mode));
        break;
      case "keep":
        this.#answer(message.request, () => this.#supervision.keep());
        break;
      case "vacate":
        this.#answer(message.request, () => this.#supervision.vacate(message.slot));
        break;
      case "stage":
        this.#answer(message.request, () => this.#supervision.stage(message.slot, message.image));
    }
  }

  /** Does what the agent asks for; what cannot be written is refused, and taken back. */
  #answer(request: number, ask: () => readonly SupervisionEffect[]): void {
    const { record } = this.#supervision;
    this.#perform(ask());
    if (this.#saveError !== undefined) this.#perform(this.#supervision.takeBack(record));
    this.#agent?.send({ type: "done", request, error: this.#saveError });
  }

  #tell(state: BootState): void {
    if (this.#isReady) this.#agent?.send({ type: "state", state });
  }

  #report(cause: string, { slot, mode }: Boot): void {
    const uptimeMs = Math.round(systemClock.monotonic() - this.#startedAt);
    const time = new Date(systemClock.now()).toISOString();
    const output = this.#agent?.output ?? "";
    try {
      this.#crashes.add({ time, cause, slot, mode, uptimeMs, memoryBytes: this.#memoryBytes, output });
    } catch {
      // A crash that cannot be written, on a full disk, must not be the supervisor's end as well.
    }
  }

  async #probe(): Promise<void> {
    const { broker } = this.#config;
    const answers = await probeBroker(broker, (why) => {
      // Once: it is asked again and again.
      if (!this.#isProbeRefused) {
        this.#print(
          `moteq: the broker refuses the supervisor, as ${broker.clientId}-probe, so that the watchdog cannot tell ` +
            `an outage from a board that is cut off: ${why}\n`,
        );
      }
      this.#isProbeRefused = true;
    });
    if (answers) this.#isProbeRefused = false;
    if (!this.#closing) this.#perform(this.#supervision.probed(systemClock.monotonic(), answers));
  }
}
