import { UdpRadio } from "../../src/node/index.ts";
import { describeRadio } from "../support/radio-conformance.ts";

// A busy machine is not a lost frame.
const acknowledgementMs = 2000;

describeRadio("UDP (real)", async () => {
  const right = await UdpRadio.open({ address: "020000000002", acknowledgementMs });
  const left = await UdpRadio.open({
    address: "020000000001",
    acknowledgementMs,
    gateway: { host: "127.0.0.1", port: right.port },
  });
  return { left, right, settled: (promise) => promise };
});
