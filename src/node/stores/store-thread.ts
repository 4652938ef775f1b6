import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../base/index.ts";
import type { GatewayStore, StoredState } from "../../gateway/index.ts";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
import { packState } from "./packed-state.ts";
import { storeErrors } from "./store-errors.ts";

// What runs in the thread of a ThreadedStore: the store itself, asked by messages.

/** A call of one of the store's methods; each is answered, in order. */
export type StoreCall = {
  readonly [Method in keyof GatewayStore]: {
    readonly method: Method;
    readonly words: Parameters<GatewayStore[Method]>;
  };
}[keyof GatewayStore];

/** The codes of a store's errors. */
export type StoreErrorCode = keyof typeof storeErrors.table;

/** What the thread says: what a call came to, or a line for people. */
export type StoreReply =
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly message: string; readonly code: StoreErrorCode | undefined }
  | { readonly type: "say"; readonly text: string };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
const post = (reply: StoreReply) => parentPort?.postMessage(reply);
const { folder } = workerData as Pick<SqliteStoreOptions, "folder">;
const store = new SqliteStore({ folder, say: (text) => post({ type: "say", text }) });
let last = Promise.resolve();

parentPort?.on("message", (call: StoreCall) => {
  last = last.then(() => answer(call));
});

/** Never rejects. */
async function answer({ method, words }: StoreCall): Promise<void> {
  try {
    const call = store[method].bind(store) as (...words: readonly unknown[]) => Promise<unknown>;
    const result = await call(...words);
    if (method !== "open") post({ type: "done", result });
    else {
      const state = packState(result as StoredState);
      parentPort?.postMessage({ type: "done", result: state } satisfies StoreReply, [state.entries.buffer]);
    }
  } catch (error) {
    const code = storeErrors.is(error) ? error.code : undefined;
    post({ type: "failed", message: messageOf(error), code });
  }
}
