import { equalBytes } from "../base/index.ts";
import type { MacAddress, ReceivedFrame } from "../device/index.ts";

/** So many frames of one node are compared with what comes. */
const rememberedFrames = 8;
/** What was heard so much before a node was heard last says nothing about where it is now, in milliseconds. */
const latelyMs = 10_000;

/** A frame that was handed over. */
interface Handed {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** The radios that have brought it. */
  readonly by: Set<number>;
}

/** What the radios heard of one node. */
interface Source {
  frames: Handed[];
  /** How each radio heard it last, by the radio's place. */
  readonly last: (Heard | undefined)[];
}

interface Heard {
  readonly at: number;
  readonly rssi: number | undefined;
}

/** How much is remembered. */
export interface ReceptionsOptions {
  readonly windowMs?: number;
  readonly sources?: number;
}

/** Which of several radios heard what of whom: tells copies of a frame from frames that are alike, and who hears a node best. */
export class Receptions {
  readonly #radios: number;
  readonly #windowMs: number;
  readonly #limit: number;
  /** By the node's address, the one longest quiet first. */
  readonly #sources = new Map<MacAddress, Source>();

  constructor(radios: number, { windowMs = 100, sources = 10_000 }: ReceptionsOptions) {
    this.#radios = radios;
    this.#windowMs = windowMs;
    this.#limit = sources;
  }

  /** Notes that a radio heard a frame; `false` if another radio has brought it before. */
  note({ source: address, bytes, rssi }: ReceivedFrame, radio: number, now: number): boolean {
    const source = this.#sourceOf(address);
    source.last[radio] = { at: now, rssi };
    source.frames = source.frames.filter(({ at }) => now - at <= this.#windowMs).slice(-rememberedFrames);
    // A node that says the same twice is heard twice by each radio: the second copy of one radio is the second frame.
    const copy = source.frames.find((frame) => !frame.by.has(radio) && equalBytes(frame.bytes, bytes));
    if (copy) copy.by.add(radio);
    else source.frames.push({ bytes: bytes.slice(), at: now, by: new Set([radio]) });
    return !copy;
  }

  /** How strong the radio heard a node that heard it best lately. */
  bestRssi(address: MacAddress): number | undefined {
    const strengths = this.#lately(address).flatMap((heard) => heard?.rssi ?? []);
    return strengths.length > 0 ? Math.max(...strengths) : undefined;
  }

  /** The places of the radios, those first that heard a node best lately. */
  order(address: MacAddress): readonly number[] {
    const lately = this.#lately(address);
    const strength = (place: number) => {
      const heard = lately[place];
      return heard ? (heard.rssi ?? -200) : -1000;
    };
    const places = Array.from({ length: this.#radios }, (_, place) => place);
    return places.toSorted((one, other) => strength(other) - strength(one));
  }

  /** How each radio heard a node, without what is too old. */
  #lately(address: MacAddress): readonly (Heard | undefined)[] {
    const last = this.#sources.get(address)?.last ?? [];
    const newest = Math.max(...last.map((heard) => heard?.at ?? -Infinity));
    return last.map((heard) => (heard && newest - heard.at <= latelyMs ? heard : undefined));
  }

  #sourceOf(address: MacAddress): Source {
    const source = this.#sources.get(address) ?? {
      frames: [],
      last: Array.from({ length: this.#radios }, () => undefined),
    };
    this.#sources.delete(address);
    this.#sources.set(address, source);
    if (this.#sources.size > this.#limit) {
      const [oldest] = this.#sources.keys();
      if (oldest !== undefined) this.#sources.delete(oldest);
    }
    return source;
  }
}
