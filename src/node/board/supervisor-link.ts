import { boardErrors, type Keeper } from "../../board/index.ts";
import type { ImageSlots } from "./slots.ts";
import { beatMs, type StartMessage, type ToAgent, type ToSupervisor } from "./protocol.ts";

/** How long the answer to a reset may take to go out, in milliseconds. */
const lastWordMs = 1000;

/** What a {@link SupervisorLink} asks of the agent's process. */
export interface SupervisorLinkOptions {
  readonly start: StartMessage;
  readonly slots: ImageSlots;
  readonly send: (message: ToSupervisor) => void;
  /** Resolves when what was said so far is with the broker. */
  readonly flush: () => Promise<void>;
  /** Whether a file or an image is coming in. */
  readonly isBusy: () => boolean;
}

/** The agent's side of its supervisor. */
export class SupervisorLink implements Keeper {
  readonly slot: Keeper["slot"];
  readonly image: Keeper["image"];
  readonly mode: Keeper["mode"];
  readonly timeoutMs: number;
  onChange: (() => void) | undefined;
  readonly #options: SupervisorLinkOptions;
  readonly #requests = new Map<number, (error: string | undefined) => void>();
  readonly #beats: NodeJS.Timeout;
  #lastRequest = 0;
  #state: StartMessage["state"];
  /** Whether the slot of what runs holds, or may hold, something else by now. */
  #isReplaced = false;

  constructor(options: SupervisorLinkOptions) {
    const { start, send, isBusy } = options;
    this.#options = options;
    this.slot = start.boot.slot;
    this.mode = start.boot.mode;
    this.image = start.boot.image;
    this.timeoutMs = start.config.watchdog.timeoutMs;
    this.#state = start.state;
    const beat = () => send({ type: "beat", memoryBytes: process.memoryUsage().rss, busy: isBusy() });
    this.#beats = setInterval(beat, beatMs);
    this.#beats.unref();
  }

  get confirmed(): boolean {
    return this.#state.confirmed;
  }

  get note(): string | null {
    return this.#state.note;
  }

  fed(): void {
    this.#options.send({ type: "fed" });
  }

  reset(mode: Parameters<Keeper["reset"]>[0]): void {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, lastWordMs));
    void Promise.race([this.#options.flush(), limit]).then(() => this.#options.send({ type: "reset", mode }));
  }

  async keepImage(sha256: string): Promise<boolean> {
    if (this.image !== sha256 || this.#isReplaced) return false;
    await this.#ask((request) => ({ type: "keep", request }));
    return true;
  }

  async openImage({ size, sha256, signature }: Parameters<Keeper["openImage"]>[0]) {
    const slot = this.#state.freeSlot;
    const image = { size, sha256, signature };
    const vacate = () => {
      this.#isReplaced ||= slot === this.slot;
      return this.#ask((request) => ({ type: "vacate", request, slot }));
    };
    const stage = () => this.#ask((request) => ({ type: "stage", request, slot, image }));
    return await this.#options.slots.open(slot, image, vacate, stage);
  }

  receive(message: Exclude<ToAgent, StartMessage>): void {
    if (message.type === "state") {
      this.#state = message.state;
      this.onChange?.();
    } else if (message.type === "done") {
      this.#requests.get(message.request)?.(message.error);
      this.#requests.delete(message.request);
    }
  }

  #ask(message: (request: number) => ToSupervisor): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = ++this.#lastRequest;
      this.#requests.set(request, (error) => {
        if (error === undefined) resolve();
        else reject(boardErrors.create("board/files", `the supervisor cannot write its record: ${error}`));
      });
      this.#options.send(message(request));
    });
  }
}
