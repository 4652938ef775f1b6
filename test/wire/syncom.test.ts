import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8, toHex } from "../../src/base/index.ts";
import { type Level, SynCom, type SynComLines } from "../../src/wire/index.ts";

class End {
  readonly strings: string[] = [];
  readonly syncom: SynCom;
  /** The bits that this end put on its data line, in order. */
  bits = "";
  drained = 0;
  lines: SynComLines;

  constructor(role: "initiator" | "passive", longest?: number) {
    this.syncom = new SynCom(
      role,
      {
        synchronised: () => {},
        receive: (characters) => this.strings.push(decodeUtf8(characters) ?? toHex(characters)),
        drained: () => this.drained++,
      },
      longest,
    );
    this.lines = this.syncom.begin();
    if (role === "initiator") this.bits += this.lines.data;
  }

  send(...texts: string[]): void {
    for (const text of texts) this.syncom.send(encodeUtf8(text));
  }

  /** Takes its turn if it is. */
  turn(other: SynComLines): boolean {
    if (other.clock !== this.syncom.awaits) return false;
    this.lines = this.syncom.exchange(other.data);
    this.bits += this.lines.data;
    return true;
  }
}

function run(initiator: End, passive: End, exchanges: number): void {
  for (let turn = 0; turn < exchanges; turn++) {
    const took = passive.turn(initiator.lines) && !passive.turn(initiator.lines);
    if (!took || !initiator.turn(passive.lines)) throw new Error(`no turn at exchange ${turn}`);
  }
}

describe("SynCom", () => {
  it("says SYN, filler and characters in the bits of the classic programs", () => {
    const initiator = new End("initiator");
    const passive = new End("passive");
    expect([initiator.lines, passive.lines]).toEqual([
      { data: 1, clock: 1 },
      { data: 0, clock: 0 },
    ]);
    initiator.send("AB");
    passive.send("AB");
    run(initiator, passive, 8);
    run(initiator, passive, 21);
    const sync = "10111001";
    const ab = "100000101000010000000";
    // One bit of the initiator's is on the line already when the passive end says its own.
    expect(initiator.bits).toBe(`${sync}0${ab}`);
    expect(passive.bits).toBe(`${sync}${ab}`);
    expect(initiator.strings).toEqual(["AB"]);
    expect(passive.strings).toEqual([]);
    run(initiator, passive, 1);
    expect(passive.strings).toEqual(["AB"]);
  });

  it("makes every edge a bit: clocks alternate, and an end waits for the other's edge", () => {
    const initiator = new End("initiator");
    const passive = new End("passive");
    const edges: Level[] = [];
    for (let turn = 0; turn < 20; turn++) {
      passive.turn(initiator.lines);
      edges.push(passive.lines.clock);
      expect(initiator.turn({ data: 0, clock: (passive.lines.clock ^ 1) as Level })).toBe(false);
      initiator.turn(passive.lines);
    }
    expect(edges).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) % 2));
  });

  it("takes seven edges a character each way, and wastes none between strings but the zero", () => {
    const initiator = new End("initiator");
    const passive = new End("passive");
    run(initiator, passive, 8);
    const texts = ["publish", "x", "a longer string with blanks"];
    initiator.send(...texts);
    passive.send(...texts);
    const characters = texts.reduce((sum, text) => sum + text.length + 1, 0);
    run(initiator, passive, characters * 7);
    expect([initiator.strings, initiator.drained, passive.drained]).toEqual([texts, 1, 1]);
    run(initiator, passive, 1);
    expect(passive.strings).toEqual(texts);
  });

  it("carries any strings of 1 to 127 both ways at once, begun at any moment", () => {
    const text = fc
      .array(fc.integer({ min: 1, max: 127 }), { maxLength: 30 })
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.boolean(), fc.integer({ min: 0, max: 40 })), { maxLength: 12 }),
        (plan) => {
          const ends = [new End("initiator"), new End("passive")] as const;
          const expected: [string[], string[]] = [[], []];
          for (const [one, fromPassive, pause] of plan) {
            ends[fromPassive ? 1 : 0].send(one);
            if (one !== "") expected[fromPassive ? 0 : 1].push(one);
            run(ends[0], ends[1], pause);
          }
          run(ends[0], ends[1], 8 + 7 * 31 * 13);
          expect(ends.map(({ strings }) => strings)).toEqual(expected);
          expect(ends[0].syncom.isBusy).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("finds characters only behind SYN, whatever was on the line before", () => {
    const passive = new End("passive");
    const random = createSeededRandom(3);
    for (let bit = 0; bit < 500; bit++) {
      const clock = passive.syncom.awaits;
      passive.turn({ data: random.next() < 0.4 && bit % 3 ? 1 : 0, clock });
      if (passive.syncom.isSynchronised) break;
    }
    expect(passive.strings).toEqual([]);
  });

  it("drops a string that is too long, counts it, and takes the next", () => {
    const initiator = new End("initiator");
    const passive = new End("passive", 10);
    initiator.send("x".repeat(11), "short");
    run(initiator, passive, 8 + 7 * 20);
    expect([passive.strings, passive.syncom.tooLong]).toEqual([["short"], 1]);
  });

  it("stays bounded on any bits at all", () => {
    const random = createSeededRandom(9);
    const passive = new End("passive", 1000);
    for (let bit = 0; bit < 200_000; bit++) {
      passive.syncom.exchange(random.next() < 0.9 ? 1 : 0);
    }
    expect(passive.strings.every((one) => one.length <= 2000)).toBe(true);
  });
});
