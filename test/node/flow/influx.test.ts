import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { from } from "rxjs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../../src/base/index.ts";
import { encodeInfluxLine, type SensorEvent } from "../../../src/flow/index.ts";
import { toInflux } from "../../../src/node/flow.ts";
import { have } from "../../support/external.ts";
import { type Influx, startInflux } from "../../support/influx.ts";

const quick = { lingerMs: 1, backoff: { minimumMs: 50, maximumMs: 100 } };

describe.runIf(have("influxd"))("toInflux with InfluxDB (real)", () => {
  let influx: Influx;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx[Symbol.asyncDispose]());

  it("brings every event there, whatever its names and texts hold", async () => {
    const seed = Date.now() & 0xffff;
    const random = createSeededRandom(seed);
    const letters = ["a", " ", ",", "=", '"', "\\", "ü", "€", "'", "/", "#", "\n"];
    const word = () =>
      Array.from({ length: randomInteger(random, 1, 8) }, () => letters[randomInteger(random, 0, 11)]).join(
        "",
      );
    const events: SensorEvent<unknown>[] = Array.from({ length: 200 }, (_item, index) => ({
      id: `x${word()}x`,
      time: 1_795_174_724_000 + index,
      value: index % 2 === 0 ? word() : random.next() * 1000,
    }));
    const sink = toInflux({
      url: influx.url,
      database: "moteq",
      ...quick,
      toPoint: ({ id, time, value }) => ({
        measurement: "m, = x",
        tags: { id },
        fields: [[typeof value === "string" ? "text, =" : "number", value as string | number]],
        time,
      }),
    });
    from(events).subscribe(sink);
    await sink.done;
    expect(sink.counts, `seed ${seed}`).toMatchObject({ written: 200, refused: 0, failures: 0 });
    const { columns, values } = await influx.query(String.raw`SELECT * FROM "m, = x"`);
    const rows = values.map((row) => Object.fromEntries(row.map((cell, place) => [columns[place], cell])));
    expect(rows.length).toBe(200);
    for (const [index, { id, time, value }] of events.entries()) {
      // A line end in a tag cannot be written: it becomes a space.
      expect(rows[index], `seed ${seed}`).toMatchObject({
        time,
        id: id.replaceAll("\n", " "),
        [typeof value === "string" ? "text, =" : "number"]: value,
      });
    }
  });

  it("leaves out only what InfluxDB refuses", async () => {
    const sink = toInflux({ url: influx.url, database: "moteq", measurement: "typed", ...quick });
    // The first one makes the field a number; a text there is refused from then on.
    const events = [1, 2, "three", 4, {}, 6].map((value, index) => ({
      id: "s",
      time: 1_795_174_724_000 + index,
      value,
    }));
    from(events.slice(0, 1)).subscribe({ next: (event) => sink.next(event) });
    await delay(200);
    from(events.slice(1)).subscribe(sink);
    await sink.done;
    expect(sink.counts).toMatchObject({ written: 4, refused: 2 });
    const { values } = await influx.query("SELECT value FROM typed");
    expect(values.map(([, value]) => value)).toEqual([1, 2, 4, 6]);
  });

  it("waits while InfluxDB is away", async () => {
    const said: string[] = [];
    const sink = toInflux({
      url: influx.url,
      database: "moteq",
      measurement: "outage",
      ...quick,
      say: (text) => said.push(text),
    });
    await influx.stop();
    from([1, 2, 3]).subscribe({ next: (value) => sink.next({ id: "s", time: value, value }) });
    await delay(300);
    expect(sink.counts).toMatchObject({ written: 0 });
    await influx.start();
    sink.complete();
    await sink.done;
    expect(sink.counts).toMatchObject({ written: 3, dropped: 0 });
    expect(said).toHaveLength(2);
    expect((await influx.query("SELECT count(value) FROM outage")).values[0]?.[1]).toBe(3);
  });
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sub`;
}

describe("toInflux (real)", () => {
  it("speaks to InfluxDB 2 with organisation, bucket and token", async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push(request.url, request.headers.authorization, request.headers["content-type"]);
      response.writeHead(204).end();
    });
    const sink = toInflux({ url, org: "home", bucket: "climate & co", token: "secret", ...quick });
    sink.next({ id: "s", time: 1, value: 2 });
    sink.complete();
    await sink.done;
    expect(seen).toEqual([
      "/sub/api/v2/write?org=home&bucket=climate+%26+co&precision=ms",
      "Token secret",
      "text/plain; charset=utf-8",
    ]);
  });

  it("gives up a request that is never answered, and tries again", async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      if (++requests > 1) response.writeHead(204).end();
    });
    const sink = toInflux({ url, database: "d", user: "u", password: "p", timeoutMs: 100, ...quick });
    sink.next({ id: "s", time: 1, value: 2 });
    sink.complete();
    await sink.done;
    expect(sink.counts).toMatchObject({ written: 1, failures: 1 });
  });

  it("says what is missing", () => {
    expect(() => toInflux({ url: "http://x", org: "only" })).toThrow(
      /either database, or org and bucket; got/,
    );
    expect(() => toInflux({ url: "nowhere", database: "d" })).toThrow(/InfluxDB needs a URL/);
  });
});

describe("encodeInfluxLine", () => {
  it("writes what the protocol's description shows", () => {
    expect(
      encodeInfluxLine({
        measurement: "my Measurement",
        tags: { "tag Key1": "tag Value1", empty: "" },
        fields: [
          ["fieldKey", 'string "with" \\'],
          ["on", true],
          ["nan", Number.NaN],
        ],
        time: 1556813561098,
      }),
    ).toBe(
      String.raw`my\ Measurement,tag\ Key1=tag\ Value1 fieldKey="string \"with\" \\",on=true 1556813561098`,
    );
  });

  it("writes nothing where nothing can be stored", () => {
    const point = { measurement: "m", tags: {}, time: 1 };
    expect(encodeInfluxLine({ ...point, fields: [["nan", Number.NaN]] })).toBeUndefined();
    expect(encodeInfluxLine({ ...point, fields: [["a", 1]], time: Number.NaN })).toBeUndefined();
  });
});
