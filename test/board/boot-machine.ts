import {
  type BootRecord,
  decodeBootRecord,
  freshRecord,
  type ImageSlot,
  Supervision,
  type SupervisionEffect,
  type SupervisionLimits,
} from "../../src/board/index.ts";

export const limits: SupervisionLimits = {
  timeoutMs: 120_000,
  confirmMs: 180_000,
  hangMs: 30_000,
  failedBoots: 1,
  trialBoots: 2,
  revert: true,
};
export const image = { sha256: "0".repeat(64), size: 1, signature: null };
/** Another image. */
export const other = { ...image, sha256: "c".repeat(64) };

/** A machine around a supervision, in virtual time: its disk, its agent, the broker. */
export class Machine {
  now = 0;
  /** What is on its disk. */
  disk: BootRecord;
  supervision!: Supervision;
  running = false;
  brokerAnswers = true;
  /** How often the broker was asked whether it answers. */
  probes = 0;
  readonly reports: string[] = [];
  /** The slots and modes that were reported with them. */
  readonly reported: string[] = [];
  /** Whether a file or an image is coming in. */
  busy = false;
  readonly boots: string[] = [];
  /** Whether the agent's event loop turns. */
  beats = true;
  /** Whether the agent of a boot feeds, given what boots. */
  feeds: (slot: string, mode: string) => boolean = () => true;
  damaged = new Set<ImageSlot>();
  /** The slots that cannot be read now. */
  unread = new Set<ImageSlot>();
  #startAt: number | undefined;
  #probeAt: number | undefined;
  #feedAt = 0;
  readonly #limits: SupervisionLimits;

  constructor(own: Partial<SupervisionLimits> = {}, disk = freshRecord) {
    this.#limits = { ...limits, ...own };
    this.disk = disk;
    this.powerOn();
  }

  /** The supervisor starts, with what is on the disk. */
  powerOn(): void {
    this.running = false;
    this.#startAt = this.#probeAt = undefined;
    const check = (slot: ImageSlot) => {
      if (this.unread.has(slot)) return "unread";
      return this.supervision.record.images[slot] === null || this.damaged.has(slot) ? "damaged" : "sound";
    };
    this.supervision = new Supervision(
      decodeBootRecord(JSON.parse(JSON.stringify(this.disk))),
      this.#limits,
      check,
    );
    this.do(this.supervision.start());
  }

  do(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      if (effect.do === "save") this.disk = effect.record;
      else if (effect.do === "start") this.#startAt = this.now + effect.afterMs;
      else if (effect.do === "probe") {
        this.probes++;
        this.#probeAt = this.now + 1000;
      } else if (effect.do === "report") {
        this.reports.push(effect.cause);
        this.reported.push(`${effect.boot.slot} ${effect.boot.mode}`);
      } else if (effect.do === "stop") this.exit("signal SIGKILL");
    }
  }

  exit(how: string): void {
    if (!this.running) return;
    this.running = false;
    this.do(this.supervision.exited(this.now, how));
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1000) {
      if (this.#startAt !== undefined && this.now >= this.#startAt) {
        this.#startAt = undefined;
        this.running = true;
        this.#feedAt = this.now;
        const { slot, mode } = this.supervision.boot;
        this.boots.push(`${slot} ${mode}`);
        this.do(this.supervision.started(this.now));
      }
      if (this.#probeAt !== undefined && this.now >= this.#probeAt) {
        this.#probeAt = undefined;
        this.do(this.supervision.probed(this.now, this.brokerAnswers));
      }
      if (this.running && this.beats) this.do(this.supervision.beat(this.now, this.busy));
      const { slot, mode } = this.supervision.boot;
      const feeds = this.beats && this.brokerAnswers && this.feeds(slot, mode);
      if (this.running && this.now >= this.#feedAt && feeds) {
        this.#feedAt = this.now + limits.timeoutMs / 4;
        this.do(this.supervision.fed(this.now));
      }
      this.do(this.supervision.tick(this.now));
    }
  }

  get boot(): string {
    return this.boots.at(-1) ?? "";
  }
}

/** A machine that ran for a while and has just got a new image. */
export function withImage(own: Partial<SupervisionLimits> = {}): Machine {
  const machine = new Machine(own);
  machine.run(200_000);
  machine.do(machine.supervision.vacate("a"));
  machine.do(machine.supervision.stage("a", image));
  machine.do(machine.supervision.reset("normal"));
  return machine;
}
