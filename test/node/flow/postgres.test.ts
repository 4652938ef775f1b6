import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { from } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPostgres } from "../../../src/flow/index.ts";
import { systemClock, systemRandom } from "../../../src/node/index.ts";
import { have } from "../../support/external.ts";
import { type Postgres, startPostgres } from "../../support/postgres.ts";

const services = {
  clock: systemClock,
  random: systemRandom,
  lingerMs: 1,
  backoff: { minimumMs: 50, maximumMs: 100 },
};

describe.runIf(have("initdb", "postgres"))("toPostgres (real)", () => {
  let postgres: Postgres;
  let pool: Pool;
  beforeAll(async () => {
    postgres = await startPostgres();
    pool = new Pool({ connectionString: postgres.url, max: 2 });
    // A connection that the server ends while it is idle.
    pool.on("error", () => {});
  });
  afterAll(async () => {
    await pool.end();
    await postgres[Symbol.asyncDispose]();
  });

  it("inserts events in order, many in one statement", async () => {
    await pool.query("CREATE TABLE readings (ts timestamptz, sensor_id text, value double precision)");
    const sink = toPostgres(pool, { ...services, table: "public.readings" });
    const events = Array.from({ length: 2500 }, (_item, index) => ({
      id: "lux-1",
      time: 1_795_174_724_020 + index,
      value: index / 8,
    }));
    from(events).subscribe(sink);
    await sink.done;
    const { rows } = await pool.query("SELECT * FROM readings ORDER BY ts");
    expect(rows).toEqual(events.map(({ id, time, value }) => ({ ts: new Date(time), sensor_id: id, value })));
    expect(sink.counts).toMatchObject({ written: 2500, failures: 0 });
  });

  it("makes rows as it is told, and leaves out those that are refused", async () => {
    await pool.query('CREATE TABLE "odd ""name" (n integer PRIMARY KEY CHECK (n <> 3), note text)');
    const sink = toPostgres<number>(pool, {
      ...services,
      table: 'odd "name',
      columns: ["n", "note"],
      toRow: (n) => [n === 5 ? "five" : n, "it's"],
    });
    from([1, 2, 3, 4, 4, 5, 6]).subscribe(sink);
    await sink.done;
    const { rows } = await pool.query('SELECT n FROM "odd ""name" ORDER BY n');
    expect(rows).toEqual([1, 2, 4, 6].map((n) => ({ n })));
    expect(sink.counts).toMatchObject({ accepted: 7, written: 4, refused: 3 });
  });

  it("waits while the server is away", async () => {
    await pool.query("CREATE TABLE outage (ts timestamptz, sensor_id text, value double precision)");
    const said: string[] = [];
    const sink = toPostgres(pool, { ...services, table: "outage", say: (text) => said.push(text) });
    await postgres.stop();
    for (let value = 0; value < 5; value++) sink.next({ id: "s", time: value, value });
    await delay(200);
    expect(sink.counts.failures).toBeGreaterThan(0);
    await postgres.start();
    sink.complete();
    await sink.done;
    expect((await pool.query("SELECT count(*)::int FROM outage")).rows).toEqual([{ count: 5 }]);
    expect(said).toHaveLength(2);
  });

  it("refuses a table that is none", () => {
    expect(() => toPostgres(pool, { ...services, table: "a.b.c" })).toThrow(
      /a table is NAME or SCHEMA\.NAME/,
    );
  });
});
