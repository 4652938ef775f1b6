import { filter, map, type Observable, share } from "rxjs";

/** The streams that {@link dispatch} makes: one for each condition, in order, and one for what met none. */
export interface Dispatched<T> {
  readonly matches: readonly Observable<T>[];
  readonly others: Observable<T>;
}

/**
 * Sends each item to the first of several streams whose condition it meets, or else to `others`. The source is subscribed
 * to while any of them is. ThingFlow's `dispatch`; rxjs's `partition` knows one condition only.
 *
 * @example
 * const { matches: [hot, cold], others } = dispatch(readings, [(e) => e.value > 30, (e) => e.value < 5]);
 */
export function dispatch<T>(
  source: Observable<T>,
  conditions: readonly ((item: T) => boolean)[],
): Dispatched<T> {
  const routed = source.pipe(
    map((item) => ({ item, place: conditions.findIndex((condition) => condition(item)) })),
    share(),
  );
  const streamOf = (wanted: number) =>
    routed.pipe(
      filter(({ place }) => place === wanted),
      map(({ item }) => item),
    );
  return { matches: conditions.map((_condition, place) => streamOf(place)), others: streamOf(-1) };
}
