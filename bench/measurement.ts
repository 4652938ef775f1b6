/** One line of a benchmark's result. */
export interface Measurement {
  readonly measure: string;
  readonly unit: string;
  /** The median of our runs. */
  readonly ours: number;
  /** The median of what it is compared with, where there is something. */
  readonly peer: number | null;
  /** The median of ours ÷ peer, pair by pair. */
  readonly ratio: number | null;
  /** What must hold, as `ratio ≥ 0.8` or `≤ 5`. */
  readonly bar: string | null;
  readonly holds: boolean | null;
}

export interface Benchmark {
  readonly name: string;
  readonly description: string;
  run(progress: (line: string) => void): Promise<Measurement[]>;
}

/** A bar for the ratio, or for our own figure where there is no peer. */
export interface Bar {
  readonly of: "ratio" | "ours";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Makes a result from the figures of several runs; `peer[i]` was measured next to `ours[i]`. */
export function summarize(
  measure: string,
  unit: string,
  ours: readonly number[],
  peer?: readonly number[],
  bar?: Bar,
): Measurement {
  const ratio = peer ? median(ours.map((value, index) => value / (peer[index] ?? Number.NaN))) : null;
  const middle = median(ours);
  const judged = bar?.of === "ratio" ? ratio : middle;
  return {
    measure,
    unit,
    ours: middle,
    peer: peer ? median(peer) : null,
    ratio,
    bar: bar ? describeBar(bar) : null,
    holds:
      bar && judged !== null
        ? judged >= (bar.atLeast ?? -Infinity) && judged <= (bar.atMost ?? Infinity)
        : null,
  };
}

/** Runs two things in turns – ours, peer, ours, peer, … – so that a machine that drifts is fair to both. */
export async function inTurns<T>(
  rounds: number,
  ours: () => Promise<T>,
  peer: () => Promise<T>,
): Promise<{ ours: T[]; peer: T[] }> {
  const results: { ours: T[]; peer: T[] } = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    results.ours.push(await ours());
    results.peer.push(await peer());
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function describeBar(bar: Bar): string {
  const limit = bar.atLeast === undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`;
  return bar.of === "ratio" ? `ratio ${limit}` : limit;
}
