/** How often a node has promised to wake. */
export interface WakeContract {
  /** Seconds from one wake to the next; 0: it never sleeps. */
  readonly period: number;
  /** How many seconds late it may be. */
  readonly tolerance: number;
}

/** How often a node that never sleeps is to be heard, in seconds. */
const alwaysAwakePeriod = 60;

/** How late a node may be that has not said so, in seconds: a quarter of its period, half a minute at the least. */
export function standardTolerance(period: number): number {
  return Math.max(30, period / 4);
}

/** How long after it was heard a node is overdue, in milliseconds. */
export function overdueAfterMs({ period, tolerance }: WakeContract): number {
  return ((period || alwaysAwakePeriod) + tolerance) * 1000;
}

/** How many wakes a node has missed that was heard so long ago. */
export function countMissedWakes({ period, tolerance }: WakeContract, silentMs: number): number {
  return Math.max(0, Math.floor((silentMs / 1000 - tolerance) / (period || alwaysAwakePeriod)));
}
