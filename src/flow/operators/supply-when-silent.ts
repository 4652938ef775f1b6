import { Observable, type MonoTypeOperatorFunction } from "rxjs";
import { type Clock, show, type Timer } from "../../base/index.ts";
import { flowErrors } from "../errors.ts";

/** How silence is told. */
export interface SupplyWhenSilentOptions<T> {
  readonly clock: Clock;
  /** How long nothing may come, in milliseconds, more than 0. */
  readonly afterMs: number;
  /** Makes what is given then. Nothing has come yet if `last` is `undefined`. */
  readonly supply: (last: T | undefined, silentMs: number) => T;
}

/**
 * Gives an item of its own whenever nothing has come for a while, again and again until something does. ThingFlow's
 * `supply_event_when_timeout`; rxjs's `timeout` would end the stream.
 *
 * @throws `flow/bad-option`
 */
export function supplyWhenSilent<T>(options: SupplyWhenSilentOptions<T>): MonoTypeOperatorFunction<T> {
  const { clock, afterMs, supply } = options;
  if (!Number.isFinite(afterMs) || afterMs <= 0) {
    throw flowErrors.create("flow/bad-option", `afterMs is milliseconds, more than 0, got ${show(afterMs)}`);
  }
  return (source) =>
    new Observable<T>((subscriber) => {
      let last: T | undefined;
      let since = clock.monotonic();
      let timer: Timer;
      const watch = () => {
        timer = clock.setTimer(afterMs, () => {
          watch();
          subscriber.next(supply(last, clock.monotonic() - since));
        });
      };
      watch();
      subscriber.add(() => timer.cancel());
      subscriber.add(
        source.subscribe({
          next(item) {
            timer.cancel();
            watch();
            last = item;
            since = clock.monotonic();
            subscriber.next(item);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}
