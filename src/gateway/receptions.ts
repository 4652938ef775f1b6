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
  readonly by: number[];
}

/** What the radios heard of one node. */
interface Source {
  readonly frames: Handed[];
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
    const { last, frames } = this.#sourceOf(address);
    last[radio] = { at: now, rssi };
    for (let first = frames[0]; first; first = frames[0]) {
      if (now - first.at <= this.#windowMs && frames.length <= rememberedFrames) break;
      frames.shift();
    }
    // A node that says the same twice is heard twice by each radio: the second copy of one radio is the second frame.
    const copy = frames.find((frame) => !frame.by.includes(radio) && equalBytes(frame.bytes, bytes));
    if (copy) copy.by.push(radio);
    else frames.push({ bytes: bytes.slice(), at: now, by: [radio] });
    return !copy;
  }

  /** How strong the radio heard a node that heard it best lately. */
  bestRssi(address: MacAddress): number | undefined {
    const last = this.#sources.get(address)?.last ?? [];
    const since = newestOf(last) - latelyMs;
    let best: number | undefined;
    for (const heard of last) {
      if (heard?.rssi === undefined || heard.at < since) continue;
      if (best === undefined || heard.rssi > best) best = heard.rssi;
    }
    return best;
  }

  /** The places of the radios, those first that heard a node best lately. */
  order(address: MacAddress): readonly number[] {
    const last = this.#sources.get(address)?.last ?? [];
    const since = newestOf(last) - latelyMs;
    const strength = (place: number) => {
      const heard = last[place];
      return heard && heard.at >= since ? (heard.rssi ?? -200) : -1000;
    };
    const places = Array.from({ length: this.#radios }, (_, place) => place);
    return places.toSorted((one, other) => strength(other) - strength(one));
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

/** When one of the radios heard a node last. */
function newestOf(last: readonly (Heard | undefined)[]): number {
  let newest = -Infinity;
  for (const heard of last) if (heard && heard.at > newest) newest = heard.at;
  return newest;
}
