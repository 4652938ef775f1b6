import { MemoryStore } from "../../src/gateway/index.ts";
import { describeGatewayStore } from "../support/gateway-store-conformance.ts";

describeGatewayStore("MemoryStore", async () => {
  const store = new MemoryStore();
  return { store, reopen: async () => store };
});
