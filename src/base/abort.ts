/**
 * What moteq needs of an `AbortSignal`. Node's and the browser's fit; engines without one can pass any object
 * of this shape.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Makes a signal and what aborts it, for code that also runs where there is no `AbortController`. Aborting twice
 * does nothing.
 */
export function createAborter(): {
  readonly signal: AbortSignalLike;
  readonly abort: (reason: Error) => void;
} {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_type: "abort", listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: "abort", listener: () => void) => void listeners.delete(listener),
  };
  return {
    signal,
    abort(reason) {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason;
      for (const listener of listeners) listener();
      listeners.clear();
    },
  };
}

/** Throws the signal's reason if it is aborted already. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** Runs `callback` when the signal is aborted, at once if it is already; returns what takes the listener off again. */
export function onAbort(signal: AbortSignalLike | undefined, callback: () => void): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  signal.addEventListener("abort", callback);
  return () => signal.removeEventListener("abort", callback);
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as that is aborted. */
export function withAbort<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(() => release());
  });
}
