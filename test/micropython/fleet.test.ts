import { expect, it } from "vitest";
import { createMicroPythonWorld } from "./world.ts";

const gatewayAddress = "02006d6f7465";

const continuous = `
import espnow, network, random, time
from binascii import unhexlify
sta = network.WLAN(network.STA_IF)
sta.active(True)
e = espnow.ESPNow()
e.active(True)
gateway = unhexlify("${gatewayAddress}")
e.add_peer(gateway)
count = 0
while True:
    count += 1
    heard = e.send(gateway, "reading %d" % count)
    mac, answer = e.recv(200)
    print(count, heard, answer)
    time.sleep_ms(30_000 + 500 * len(answer or b""))
`;

/** Twenty boards for an hour, most of them always on, the others asleep but for an instant each minute. */
async function runFleet(seed: number, durationMs = 3_600_000) {
  await using world = createMicroPythonWorld({ seed, faults: { loss: 0.1, acknowledgementLoss: 0.05 } });
  const gateway = world.air.join({ address: gatewayAddress, hostLatencyMs: 2 });
  let heard = 0;
  gateway.listen(({ source, bytes }) => {
    heard++;
    void gateway.send(source, bytes.subarray(0, 3));
  });
  for (let number = 0; number < 16; number++) world.run(continuous, { bootMs: 100 + number });
  for (let number = 0; number < 4; number++) world.boot("prototype_publish.py", { bootMs: 300 + number });
  await world.clock.advance(durationMs);
  const boots = world.nodes.map((node) => node.boots);
  return { hash: world.traceHash, lines: world.trace.length, heard, boots };
}

it("runs twenty boards for an hour, the same for the same seed", { timeout: 60_000 }, async () => {
  const first = await runFleet(7);
  const second = await runFleet(7);
  expect(first.boots.slice(16)).toEqual([60, 60, 60, 60]);
  expect(first.heard).toBeGreaterThan(1500);
  expect(second).toEqual(first);
});

it("runs otherwise for another seed", { timeout: 60_000 }, async () => {
  const first = await runFleet(7, 120_000);
  const other = await runFleet(8, 120_000);
  expect(other.hash).not.toBe(first.hash);
});
