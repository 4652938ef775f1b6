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
}

/** The agent's side of its supervisor. */
export class SupervisorLink implements Keeper {
  readonly slot: Keeper["slot"];
  readonly image: Keeper["image"];
  readonly mode: Keeper["mode"];
  readonly timeoutMs: number;
  confirmed = false;
  note: string | null = null;
  onChange: (() => void) | undefined;
  readonly #options: SupervisorLinkOptions;
  readonly #requests = new Map<number, (error: string | undefined) => void>();
  readonly #beats: NodeJS.Timeout;
  #lastRequest = 0;
  #freeSlot: StartMessage["freeSlot"];

  constructor(options: SupervisorLinkOptions) {
    const { start, send } = options;
    this.#options = options;
    this.slot = start.boot.slot;
    this.mode = start.boot.mode;
    this.image = start.image;
    this.timeoutMs = start.config.watchdog.timeoutMs;
    this.#freeSlot = start.freeSlot;
    this.#beats = setInterval(() => send({ type: "beat", memoryBytes: process.memoryUsage().rss }), beatMs);
    this.#beats.unref();
  }

  fed(): void {
    this.#options.send({ type: "fed" });
  }

  reset(mode: Parameters<Keeper["reset"]>[0]): void {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, lastWordMs));
    void Promise.race([this.#options.flush(), limit]).then(() => this.#options.send({ type: "reset", mode }));
  }

  async openImage({ size, sha256, signature }: Parameters<Keeper["openImage"]>[0]) {
    const slot = this.#freeSlot;
    const image = { size, sha256, signature };
    return await this.#options.slots.open(
      slot,
      image,
      () => this.#ask((request) => ({ type: "vacate", request, slot })),
      () => this.#ask((request) => ({ type: "stage", request, slot, image })),
    );
  }

  receive(message: Exclude<ToAgent, StartMessage>): void {
    if (message.type === "state") {
      this.confirmed = message.confirmed;
      this.note = message.note;
      this.#freeSlot = message.freeSlot;
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
        else reject(boardErrors.create("board/full", `the supervisor cannot write its record: ${error}`));
      });
      this.#options.send(message(request));
    });
  }
}
