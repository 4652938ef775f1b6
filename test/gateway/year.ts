import { createSeededRandom, type Random, randomInteger } from "../../src/base/index.ts";
import { Gateway, type GatewaySettings } from "../../src/gateway/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { Audit, type Audited } from "./year/audit.ts";
import { YearBroker } from "./year/broker.ts";
import { CountedGroup } from "./year/counted-group.ts";
import { Disk } from "./year/disk.ts";
import { Ether } from "./year/ether.ts";
import { addressOf, indexOfAddress, Ledger, recognize } from "./year/ledger.ts";
import { Life } from "./year/life.ts";
import { Moves } from "./year/moves.ts";
import { createMote, isNative, type Mote, wakePeriod } from "./year/motes.ts";
import { settle } from "./year/settle.ts";
import { Trouble } from "./year/trouble.ts";

const hourMs = 3_600_000;
/** How close the nodes wake upon each other in each hour, in milliseconds: the gateway always has several to serve. */
const wakeEveryMs = 10;
/** So soon after a frame the gateway is killed at the latest, in milliseconds: while it is at work. */
const killWithinMs = 25;
/** When, in each hour, messages come for nodes that all sleep, in milliseconds. */
const quietMs = 20 * 60_000;
/** How much a wake strays, in milliseconds. */
const strayMs = 1000;
/** How often it is looked whether all counters add up, in hours. */
const auditHours = 6;
/** How many messages come for a node at each wake, on the average. */
const messagesPerWake = 0.15;
/** What goes wrong with frames. */
const frameFaults = { loss: 0.03, acknowledgementLoss: 0.02, duplicate: 0.02, lie: 0.005 };
/** How long the peaceful end may take, in hours. */
const longestEndHours = 24;
/** To which of the gateway's two radios a node is near, in turns of nodes of each dialect. */
const isNear = [[0, 1], [0], [1]];

/** How a year is lived. */
export interface YearOptions {
  readonly nodes: number;
  readonly hours: number;
  readonly seed: number;
  /** Is told each virtual day what has come of it so far. */
  readonly onDay?: (day: number, report: YearReport) => void;
}

/** What came of it. */
export interface YearReport {
  /** What should not have been. */
  readonly wrong: readonly string[];
  readonly wakes: number;
  readonly lives: number;
  readonly audits: number;
  readonly totals: Readonly<Ledger["totals"]>;
  readonly trouble: Readonly<Record<string, number>>;
  /** Moves to other channels, and how many nodes had not been told of theirs. */
  readonly moves: Readonly<Moves["counts"]>;
  /** Frames by what became of them, and messages by how they ended, over all lives. */
  readonly frames: Readonly<Record<string, number>>;
  readonly deliveries: Readonly<Record<string, number>>;
}

/**
 * Many sleeping nodes that wake once an hour, at a gateway and a broker with which everything goes wrong that can; then an end in
 * peace, after which the books must be even. All of it from a seed.
 */
export async function liveThroughYear(options: YearOptions): Promise<YearReport> {
  return new Year(options).live();
}

interface Present extends Audited {
  readonly life: Life;
}

class Year {
  readonly #options: YearOptions;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #broker: YearBroker;
  readonly #moves = new Moves(6);
  readonly #disk: Disk;
  readonly #ether: Ether;
  readonly #audit: Audit;
  readonly #motes: readonly Mote[];
  /** In which part of each hour all nodes wake, in milliseconds. */
  readonly #busyMs: number;
  readonly #settings: GatewaySettings;
  #present: Present | undefined;
  /** The time of day when the clock's count began, as it was at the last start. */
  #offset = 0;
  /** How long the gateway will be down that is to be killed at its next frame, in milliseconds. */
  #doom: number | undefined;
  #isTroubled = false;
  #wakes = 0;
  #lives = 0;

  constructor(options: YearOptions) {
    this.#options = options;
    this.#busyMs = options.nodes * wakeEveryMs + strayMs;
    const clock = new VirtualClock({ settle });
    const random = createSeededRandom(options.seed);
    const time = () => `day ${Math.floor(clock.monotonic() / hourMs / 24)}, ${clock.monotonic()} ms`;
    const ledger = new Ledger(options.nodes, isNative, time);
    this.#clock = clock;
    this.#random = random;
    this.#ledger = ledger;
    this.#broker = new YearBroker(clock, random, ledger, this.#moves);
    this.#audit = new Audit(clock, ledger, this.#broker);
    this.#disk = new Disk(random, (address, id, message) => {
      ledger.queued(indexOfAddress(address), id, message);
    });
    this.#ether = new Ether(clock, random, (text) => this.#liedAbout(text));
    const indices = Array.from({ length: options.nodes }, (_, index) => index);
    this.#motes = indices.map((index) => {
      const radio = this.#ether.join(addressOf(index), isNear[Math.floor(index / 3) % 3] ?? []);
      return createMote({ index, radio, clock, random, randomBytes: this.#randomBytes, ledger });
    });
    const classic = indices.filter((index) => !isNative(index));
    this.#settings = {
      nodes: Object.fromEntries(classic.map((index) => [addressOf(index), { wake: wakePeriod }])),
      policies: [
        { topic: "to/+/set", policy: "latest" },
        { topic: "to/+/alarm", priority: 9, ttl: 2 * 3600 },
      ],
      limits: { fates: 100_000 },
    };
  }

  async live(): Promise<YearReport> {
    const { nodes, hours, seed } = this.#options;
    const clock = this.#clock;
    await this.#begin();
    const trouble = new Trouble(clock, createSeededRandom(seed + 1), {
      nodes,
      busyMs: this.#busyMs,
      victims: {
        kill: (downMs) => (this.#doom = downMs),
        restart: () => void this.#restart(),
        brokerAway: (away) => (away ? this.#broker.cut() : this.#broker.restore()),
        radioPulled: (place, pulled) => {
          const dongle = this.#ether.dongles[place];
          if (dongle) dongle.pulled = pulled;
        },
        moveChannel: (channel, seconds) => this.#askToMove(channel, seconds),
        outOfRange: (node, out) => {
          const mote = this.#motes[node];
          if (mote) mote.radio.inRange = !out;
        },
      },
    });
    this.#isTroubled = true;
    this.#ether.faults = frameFaults;
    for (let hour = 0; hour < hours; hour++) {
      trouble.hour();
      await this.#hour();
      if (hour % auditHours === 0) this.#look();
      if (hour % 24 === 23) this.#options.onDay?.((hour + 1) / 24, this.#report(trouble));
    }
    await this.#end();
    return this.#report(trouble);
  }

  #report(trouble: Trouble): YearReport {
    const { wrong, totals } = this.#ledger;
    return {
      wrong,
      wakes: this.#wakes,
      lives: this.#lives,
      audits: this.#audit.count,
      totals,
      trouble: trouble.counts,
      moves: this.#moves.counts,
      frames: this.#audit.frames,
      deliveries: this.#audit.deliveries,
    };
  }

  /** Everybody is let in, and says what it listens to, in peace. */
  async #begin(): Promise<void> {
    await this.#start();
    await this.#clock.advance(1000);
    this.#broker.publish("moteq/bridge/request/join/open", JSON.stringify({ seconds: 3600, code: false }));
    await this.#clock.advance(1000);
    for (const mote of this.#motes) {
      await this.#clock.runUntil(mote.begin());
    }
    const rest = hourMs - (this.#clock.monotonic() % hourMs);
    await this.#clock.advance(rest);
  }

  async #hour(): Promise<void> {
    const messages = this.#isTroubled ? messagesPerWake : 0;
    for (const mote of this.#motes) {
      const place = mote.index * wakeEveryMs;
      this.#clock.setTimer(place + this.#random.next() * strayMs, () => void this.#wake(mote));
      if (this.#random.next() < messages) {
        const delayMs = (this.#random.next() < 0.5 ? 0 : quietMs) + this.#random.next() * this.#busyMs;
        this.#clock.setTimer(delayMs, () => this.#publishFor(mote.index));
      }
    }
    await this.#clock.advance(hourMs);
  }

  async #wake(mote: Mote): Promise<void> {
    this.#wakes++;
    try {
      const heard = await mote.wake();
      if (heard && isNative(mote.index)) this.#audit.heard(addressOf(mote.index));
    } catch (error) {
      this.#ledger.complain(`node ${mote.index}: ${String(error)}`);
    }
  }

  #publishFor(node: number): void {
    const number = this.#ledger.publish(node);
    const kind = this.#random.next();
    const tail = kind < 0.7 ? "do" : kind < 0.95 ? "set" : "alarm";
    if (!this.#broker.publish(`to/${node}/${tail}`, String(number), number)) {
      this.#ledger.complain(`the broker does not know that node ${node} has subscribed`);
    }
  }

  /** As somebody does who sees that the channel is crowded. */
  #askToMove(wanted: number, seconds: number): void {
    const isThere = this.#ether.dongles.some((dongle) => dongle.channel === wanted);
    const channel = isThere ? (wanted % 13) + 1 : wanted;
    this.#moves.asked(channel);
    const request = { channel, seconds, transaction: String(channel) };
    this.#broker.publish("moteq/bridge/request/channel/move", JSON.stringify(request));
  }

  async #start(): Promise<void> {
    const life = new Life(this.#clock);
    // The time of day is all that it has to tell how long it was gone.
    const offset = this.#clock.now() - this.#clock.monotonic();
    if (offset !== this.#offset) this.#audit.clockStepped();
    this.#offset = offset;
    const client = this.#broker.open(life);
    const store = this.#disk.open(life);
    const radios = this.#ether.dongles.map((dongle) => dongle.open(life));
    const radio = new CountedGroup(radios, life.clock, (address) => {
      // Of a native node only that counts which is new and the node's own: it is certain when it was answered.
      if (isNative(indexOfAddress(address))) this.#audit.maybeHeard(address);
      else this.#audit.heard(address);
      this.#meetDoom();
    });
    const gateway = new Gateway({
      radio,
      client,
      store,
      clock: life.clock,
      randomBytes: this.#randomBytes,
      config: this.#settings,
      log: (level, text) => {
        if (/defect|are lost|does not have/.test(text)) this.#ledger.complain(`${level} ${text}`);
      },
    });
    client.gateway = gateway;
    let beganWith = 0;
    for (const ids of this.#disk.waiting.values()) beganWith += ids.size;
    this.#present = { life, gateway, client, radio, beganWith };
    this.#lives++;
    await gateway.start();
    client.connect();
  }

  #meetDoom(): void {
    const downMs = this.#doom;
    if (downMs === undefined) return;
    this.#doom = undefined;
    this.#clock.setTimer(this.#random.next() * killWithinMs, () => this.#kill(downMs));
  }

  /** The process is gone in an instant; somebody starts it again. */
  #kill(downMs: number): void {
    if (!this.#present) return;
    const { life } = this.#present;
    this.#audit.close(this.#present);
    this.#present = undefined;
    life.end();
    this.#disk.kill();
    this.#excuse();
    this.#clock.setTimer(downMs, () => void this.#start());
  }

  /** The process ends in order, and is started again. */
  async #restart(): Promise<void> {
    const present = this.#present;
    if (!present) return;
    this.#audit.close(present);
    this.#present = undefined;
    await present.gateway.close();
    present.life.end();
    this.#disk.kill();
    this.#excuse();
    await this.#start();
  }

  /** What the gateway did and could not note is done again: exactly that may happen twice. */
  #excuse(): void {
    this.#audit.lifeEnded();
    for (const { topic, payload } of this.#disk.uplinks.values()) {
      const known = recognize(topic, payload);
      if (known) this.#ledger.mayRepeat(known);
    }
    for (const mote of this.#motes) {
      for (const id of this.#disk.waiting.get(addressOf(mote.index)) ?? []) {
        this.#ledger.waitsAfterKill(mote.index, id);
      }
    }
  }

  /** Looks whether all adds up, if nothing is under way. */
  #look(): void {
    const present = this.#present;
    if (!present?.client.connected || !present.client.isIdle || !this.#disk.isIdle) return;
    this.#audit.look(present);
  }

  /** Nothing goes wrong any more, and what waits arrives. */
  async #end(): Promise<void> {
    // All that went away comes back, all that is pulled off is put back.
    await this.#clock.advance(60 * hourMs);
    this.#ether.faults = undefined;
    this.#isTroubled = false;
    for (const mote of this.#motes) mote.isQuiet = true;
    for (let hour = 0; hour < longestEndHours && (hour < 3 || !this.#isAtRest()); hour++) await this.#hour();
    if (!this.#isAtRest()) this.#ledger.complain("nodes and gateway did not come to rest");
    for (const { channel } of this.#ether.dongles) {
      if (!this.#moves.isPossible(channel)) this.#ledger.complain(`a radio is on channel ${channel} at last`);
    }
    this.#look();
    if (this.#present) this.#audit.close(this.#present);
    this.#ledger.close((node, id) => this.#disk.waiting.get(addressOf(node))?.has(id) ?? false);
  }

  #isAtRest(): boolean {
    return this.#motes.every(({ isDone }) => isDone) && this.#disk.isEmpty;
  }

  #liedAbout(text: string): void {
    // Of the dialects only the classic ones take a radio's word for it; theirs are JSON.
    if (!text.startsWith('["to/')) return;
    const [, number] = JSON.parse(text) as [string, string];
    this.#ledger.liedAbout(Number(number));
  }

  readonly #randomBytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => randomInteger(this.#random, 0, 255));
}
