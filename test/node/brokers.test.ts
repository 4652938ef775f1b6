import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { features, features5, Lobby } from "../support/broker-features.ts";
import { readBrokerTable } from "../support/broker-table.ts";
import { brokers, type RunningBroker } from "../support/brokers.ts";
import { have } from "../support/external.ts";

const documented = readBrokerTable();
const columns = brokers.flatMap(({ name, versions }) =>
  versions.map((version) => ({
    column: `${name}, MQTT ${version === 5 ? "5" : "3.1.1"}`,
    has: version === 5 ? { ...features, ...features5 } : features,
  })),
);

describe("docs/reference/brokers.md", () => {
  it("tells of these brokers and features", () => {
    expect([...documented.keys()]).toEqual(columns.map(({ column }) => column));
    for (const { column, has } of columns) {
      expect([...(documented.get(column)?.keys() ?? [])]).toEqual(Object.keys(has));
    }
  });
});

for (const { name, versions, needs, start } of brokers) {
  describe.runIf(needs === undefined || have(needs))(`${name} (real)`, () => {
    let broker: RunningBroker;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker[Symbol.asyncDispose]());

    describe.each([...versions])("version %i has what the table says:", (version) => {
      const tried = version === 5 ? { ...features, ...features5 } : features;
      const says = documented.get(`${name}, MQTT ${version === 5 ? "5" : "3.1.1"}`);

      it.concurrent.each(Object.entries(tried))("%s", async (feature, tryIt) => {
        await using lobby = new Lobby(broker, { version }, says?.get(feature) ?? false);
        const works = await tryIt(lobby).catch(() => false);
        expect({ [feature]: works }).toEqual({ [feature]: says?.get(feature) });
      });
    });
  });
}
