import { MemorySessionStore } from "../../src/mqtt/index.ts";
import { describeSessionStore } from "../support/session-store-conformance.ts";

describeSessionStore("MemorySessionStore", () => {
  const store = new MemorySessionStore();
  return Promise.resolve({ store, reopen: () => Promise.resolve(store) });
});
