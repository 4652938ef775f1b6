import { Worker } from "node:worker_threads";
import { Ring } from "../../base/index.ts";
import type { GatewayStore, StoreChange } from "../../gateway/index.ts";
import { type PackedState, unpackState } from "./packed-state.ts";
import type { SqliteStoreOptions } from "./sqlite-store.ts";
import { storeErrors } from "./store-errors.ts";
import type { StoreCall, StoreReply } from "./store-thread.ts";

/** Tests run from source, which Node cannot load in a thread: theirs is the built one. */
const file = import.meta.url.endsWith(".ts")
  ? "../../../dist/node/stores/store-thread.js"
  : "./store-thread.js";

interface Caller {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A `SqliteStore` in a thread of its own: SQLite's calls return when the disk is done, and would keep the event loop from turning
 * as long as there is something to write.
 */
export class ThreadedStore implements GatewayStore {
  readonly #options: SqliteStoreOptions;
  #worker: Worker | undefined;
  /** Who waits for an answer; they come in the order of the calls. */
  readonly #callers = new Ring<Caller>(Infinity);

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
  }

  /** @throws `store/in-use`, `store/cannot-open` */
  async open(): ReturnType<GatewayStore["open"]> {
    this.#worker ??= this.#start();
    try {
      return unpackState((await this.#call({ method: "open", words: [] })) as PackedState);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    await this.#call({ method: "commit", words: [changes.map((change) => compact(change))] });
  }

  async readMessages(
    ...words: Parameters<GatewayStore["readMessages"]>
  ): ReturnType<GatewayStore["readMessages"]> {
    const found = await this.#call({ method: "readMessages", words });
    return found as Awaited<ReturnType<GatewayStore["readMessages"]>>;
  }

  /** What was asked before is done first. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const closed = this.#call({ method: "close", words: [] });
    this.#worker = undefined;
    await closed.catch(() => {});
    await worker.terminate();
  }

  #start(): Worker {
    const { folder, say = () => {} } = this.#options;
    // What this process was started with is not for a file.
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { folder }, execArgv: [] });
    worker.on("message", (reply: StoreReply) => {
      if (reply.type === "say") say(reply.text);
      else this.#receive(worker, reply);
    });
    worker.on("error", (error) => this.#fail(worker, error));
    worker.on("exit", () => this.#fail(worker, new Error("its thread has ended")));
    // It keeps the process alive only while somebody waits for it.
    worker.unref();
    return worker;
  }

  #call(call: StoreCall): Promise<unknown> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      if (worker) {
        this.#callers.push({ resolve, reject });
        worker.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
        worker.postMessage(call);
      } else reject(storeErrors.create("store/closed", `the store in ${this.#options.folder} is not open`));
    });
  }

  #receive(worker: Worker, reply: Exclude<StoreReply, { readonly type: "say" }>): void {
    const caller = this.#callers.shift();
    if (this.#callers.size === 0) worker.unref();
    if (reply.type === "done") caller?.resolve(reply.result);
    else {
      const { code, message } = reply;
      caller?.reject(code ? storeErrors.create(code, message) : new Error(message));
    }
  }

  /** The thread is gone, for whatever reason. */
  #fail(worker: Worker, cause: Error): void {
    // The calls that wait are those of a later one.
    if (this.#worker && this.#worker !== worker) return;
    this.#worker = undefined;
    const message = `the store in ${this.#options.folder} is not open: ${cause.message}`;
    const error = storeErrors.create("store/closed", message, { cause });
    for (let caller = this.#callers.shift(); caller; caller = this.#callers.shift()) caller.reject(error);
  }
}

/** On the way to a thread, a view of a larger buffer takes all of that with it. */
function compact(change: StoreChange): StoreChange {
  if (change.type === "enqueue") return { ...change, message: withOwnPayload(change.message) };
  if (change.type === "uplink") return { ...change, uplink: withOwnPayload(change.uplink) };
  return change;
}

function withOwnPayload<T extends { readonly payload: Uint8Array }>(carrier: T): T {
  const { payload } = carrier;
  return payload.byteLength === payload.buffer.byteLength
    ? carrier
    : { ...carrier, payload: Uint8Array.from(payload) };
}
