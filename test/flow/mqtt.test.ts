import { of, Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../src/base/index.ts";
import { formatEvent, fromMqtt, type SensorEvent, toMqtt } from "../../src/flow/index.ts";
import { setUp } from "../mqtt/client-bench.ts";

function eventAt(time: number, value: unknown = time): SensorEvent<unknown> {
  return { id: "s", time, value };
}

describe("toMqtt", () => {
  it("publishes events as JSON arrays, to where and as it is told", async () => {
    const { clock, client, join } = await setUp();
    const seen: string[] = [];
    const other = join().client;
    await clock.runUntil(
      other.subscribe("#", { qos: 1 }, ({ topic, payload, qos }) => {
        seen.push(`${topic} ${qos} ${decodeUtf8(payload)}`);
      }),
    );
    const plain = toMqtt(client, "test-topic");
    const own = toMqtt<number>(client, (n) => `n/${n}`, { qos: 0, format: String });
    of(eventAt(1_795_174_724_020, 284.1)).subscribe(plain);
    of(1, 2).subscribe(own);
    await clock.runUntil(Promise.all([plain.done, own.done]));
    await clock.advance(100);
    // At QoS 1 it takes longer.
    expect(seen).toEqual(["n/1 0 1", "n/2 0 2", 'test-topic 1 ["s", 1795174724.02, 284.1]']);
  });

  it("keeps events in order while the broker is away, and drops the oldest beyond its limit", async () => {
    const { clock, broker, client, join } = await setUp();
    const seen: string[] = [];
    await clock.runUntil(
      join().client.subscribe("t", { qos: 1 }, ({ payload }) => void seen.push(decodeUtf8(payload) ?? "")),
    );
    await clock.runUntil(client.ready());
    broker.isAway = true;
    broker.pairs[0]?.cut();
    await clock.advance(10);
    const source = new Subject<SensorEvent<unknown>>();
    const sink = toMqtt(client, "t", { limit: 10, window: 5, format: ({ time }) => String(time) });
    source.subscribe(sink);
    for (let time = 0; time < 30; time++) source.next(eventAt(time));
    expect(sink.waiting).toBe(15);
    broker.isAway = false;
    source.complete();
    await clock.runUntil(sink.done);
    await clock.advance(100);
    expect(seen.map(Number)).toEqual([
      0,
      1,
      2,
      3,
      4,
      ...Array.from({ length: 10 }, (_item, index) => 20 + index),
    ]);
    expect(sink.counts).toMatchObject({ accepted: 30, written: 15, dropped: 15 });
  });

  it("counts what cannot be published, says so once, and goes on", async () => {
    const { clock, client } = await setUp();
    const said: string[] = [];
    const sink = toMqtt<string>(client, (topic) => topic, {
      say: (text) => said.push(text),
      format: (text) => {
        if (text === "bad") throw new Error("no format for that");
        return text;
      },
    });
    of("bad", "a/#", "fine", "b/+").subscribe(sink);
    await clock.runUntil(sink.done);
    expect(sink.counts).toMatchObject({ written: 1, refused: 3 });
    expect(said[0]).toBe("an event could not be published: no format for that");
  });
});

describe("fromMqtt", () => {
  it("gives the events of a filter, and passes over what is none", async () => {
    const { clock, client } = await setUp();
    const events: unknown[] = [];
    const bad: string[] = [];
    const source = fromMqtt(client, "in/#", { onBad: (_message, error) => bad.push(error.message) });
    const subscription = source.subscribe((event) => events.push(event));
    await clock.advance(100);
    const event = eventAt(1_795_174_724_020, 284.1);
    for (const payload of [formatEvent(event), "{", "", new Uint8Array([255])]) {
      await clock.runUntil(client.publish("in/x", payload, { qos: 1 }));
    }
    await clock.advance(100);
    expect(events).toEqual([event]);
    expect(bad).toEqual(Array.from({ length: 3 }, () => "a message on in/x is passed over: it is no event"));
    subscription.unsubscribe();
    await clock.advance(100);
    await clock.runUntil(client.publish("in/x", formatEvent(event), { qos: 1 }));
    expect(events).toHaveLength(1);
  });

  it("parses as it is told, and says why it could not", async () => {
    const { clock, client } = await setUp();
    const seen: unknown[] = [];
    fromMqtt(client, "n", {
      parse: ({ payload }) => JSON.parse(decodeUtf8(payload) ?? "") as number,
      onBad: (_message, error) => seen.push(error.message),
    }).subscribe((value) => seen.push(value));
    await clock.advance(100);
    for (const payload of ["5", "five"]) await clock.runUntil(client.publish("n", payload, { qos: 1 }));
    await clock.advance(100);
    expect(seen).toEqual([5, expect.stringMatching(/^a message on n is passed over: Unexpected token/)]);
  });

  it("fails when the broker refuses the subscription", async () => {
    const { clock, client } = await setUp({
      aedes: { authorizeSubscribe: (_c, _s, done) => done(null, null) },
    });
    const errors: unknown[] = [];
    fromMqtt(client, "n").subscribe({ error: (error: unknown) => errors.push(error) });
    await clock.advance(100);
    expect(errors).toEqual([expect.objectContaining({ code: "mqtt/subscribe-refused" })]);
  });
});
