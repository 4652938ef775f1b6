import { Observable, type OperatorFunction } from "rxjs";

/** What turns items into others and remembers between them. */
export interface Transducer<In, Out> {
  /** Takes an item; gives what comes of it, `undefined` for nothing. */
  step(item: In): Out | undefined;
  /** The last item has come; gives what is still to be told, if anything. */
  complete?(): Out | undefined;
}

/** Passes items through a transducer; each subscription has one of its own. */
export function transduce<In, Out>(create: () => Transducer<In, Out>): OperatorFunction<In, Out> {
  return (source) =>
    new Observable<Out>((subscriber) => {
      const transducer = create();
      return source.subscribe({
        next(item) {
          let out: Out | undefined;
          try {
            out = transducer.step(item);
          } catch (error) {
            subscriber.error(error);
            return;
          }
          if (out !== undefined) subscriber.next(out);
        },
        error: (error: unknown) => subscriber.error(error),
        complete() {
          const out = transducer.complete?.();
          if (out !== undefined) subscriber.next(out);
          subscriber.complete();
        },
      });
    });
}
