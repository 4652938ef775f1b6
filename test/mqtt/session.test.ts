import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/mqtt/incoming.ts";
import { Publication } from "../../src/mqtt/publication.ts";
import { Bench } from "./session-bench.ts";

describe("publishing", () => {
  it("settles at PUBACK with QoS 1, at PUBCOMP with QoS 2", async () => {
    const bench = new Bench().connect();
    const once = bench.publish(1);
    const exactly = bench.publish(2);
    expect(bench.sent()).toEqual(["publish t q1 #1", "publish t q2 #2"]);
    bench.receive({ type: "pubrec", packetId: 2 });
    expect(bench.sent()).toEqual(["pubrel #2"]);
    expect([once.settled, exactly.settled]).toEqual([false, false]);
    bench.receive({ type: "puback", packetId: 1 });
    bench.receive({ type: "pubcomp", packetId: 2 });
    await Promise.all([once.promise, exactly.promise]);
    expect(bench.session.awaited).toBe(0);
  });

  it("has room for as many as the window takes", () => {
    const bench = new Bench({ inflightLimit: 2 }).connect();
    bench.publish(1);
    bench.publish(2);
    expect(bench.session.hasRoom).toBe(false);
    bench.receive({ type: "puback", packetId: 1 });
    expect(bench.session.hasRoom).toBe(true);
  });

  it("has no room without a connection", () => {
    const bench = new Bench();
    expect(bench.session.hasRoom).toBe(false);
    bench.connect().sent();
    expect(bench.session.hasRoom).toBe(true);
    bench.session.disconnect(false);
    expect(bench.session.hasRoom).toBe(false);
  });

  it("sends again what is in flight when the session goes on: same ids, same order, as duplicates", () => {
    const bench = new Bench().connect();
    const topics = ["a", "b", "c"] as const;
    for (const topic of topics) bench.publish(topic === "b" ? 2 : 1, topic);
    bench.publish(0, "d");
    bench.receive({ type: "pubrec", packetId: 2 });
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(true);
    // The first goes alone: it may be why the connection ended.
    expect(bench.sent()).toEqual(["publish a q1 #1 dup"]);
    bench.receive({ type: "puback", packetId: 1 });
    expect(bench.sent()).toEqual(["pubrel #2", "publish c q1 #3 dup"]);
  });

  it("sends it from the start, as new, when the broker has lost the session", () => {
    const bench = new Bench().connect();
    bench.publish(2, "a");
    bench.publish(1, "b");
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(false);
    // #2 was the first that nothing was said about; #1 goes before it.
    expect(bench.sent()).toEqual(["publish a q2 #1", "publish b q1 #2"]);
  });

  it("publishes nothing new before everything old has gone out", () => {
    const bench = new Bench().connect();
    bench.publish(1, "a");
    bench.publish(1, "b");
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(true);
    expect(bench.session.hasRoom).toBe(false);
    bench.session.sendNext();
    expect(bench.session.hasRoom).toBe(false);
    bench.receive({ type: "puback", packetId: 1 });
    bench.sent();
    expect(bench.session.hasRoom).toBe(true);
  });

  it("does not send again what was acknowledged before its turn came", () => {
    const bench = new Bench().connect();
    for (const topic of ["a", "b"]) bench.publish(1, topic);
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(true);
    bench.receive({ type: "puback", packetId: 2 });
    bench.receive({ type: "puback", packetId: 1 });
    expect(bench.sent()).toEqual([]);
  });

  it("gives no id to two at once, however often they go round", () => {
    const bench = new Bench({ inflightLimit: 60_000 }).connect();
    const held = bench.publish(1);
    const clashes: number[] = [];
    for (let time = 0; time < 70_000; time++) {
      const publication = new Publication("t", "x", 1, false);
      bench.session.publish(publication);
      if (publication.packetId === held.packetId) clashes.push(time);
      bench.receive({ type: "puback", packetId: publication.packetId });
    }
    expect(clashes).toEqual([]);
    expect(held.settled).toBe(false);
  });

  it("takes up what an earlier life had in flight, whatever its ids, and completes each by its own", () => {
    const bench = new Bench({ inflightLimit: 100 });
    // Sixteen apart, they would all have the same place in a small table.
    const publications = [33, 1, 17, 65_521].map((packetId) =>
      Object.assign(new Publication(`t${packetId}`, "x", 1, false), { packetId }),
    );
    bench.session.restore(publications, []);
    bench.connect(true);
    expect(bench.sent()).toEqual(
      publications.map(({ topic, packetId }) => `publish ${topic} q1 #${packetId} dup`),
    );
    for (const [index, { packetId }] of publications.entries()) {
      bench.receive({ type: "puback", packetId });
      expect(publications.map(({ settled }) => settled)).toEqual(publications.map((_one, at) => at <= index));
    }
    expect(bench.session.inflight).toBe(0);
  });
});

describe("acknowledgements that do not fit", () => {
  it("are counted when they come twice", () => {
    const bench = new Bench().connect();
    bench.publish(1);
    expect(bench.receive({ type: "puback", packetId: 1 })).toBeUndefined();
    expect(bench.receive({ type: "puback", packetId: 1 })).toBeUndefined();
    expect(bench.receive({ type: "pubcomp", packetId: 1 })).toBeUndefined();
    expect(bench.session.unexpected).toBe(2);
  });

  it("break the protocol when nothing was ever sent under their id", () => {
    const bench = new Bench().connect();
    expect(bench.receive({ type: "puback", packetId: 1 })).toMatch(/never sent/);
    expect(bench.receive({ type: "pubcomp", packetId: 9 })).toMatch(/never sent/);
    expect(bench.receive({ type: "suback", packetId: 1, reasonCodes: [0] })).toMatch(/no open request/);
    expect(bench.receive({ type: "unsuback", packetId: 1 })).toMatch(/no open request/);
  });

  it("break the protocol when they are of another kind", () => {
    const bench = new Bench().connect();
    bench.publish(1);
    bench.publish(2);
    expect(bench.receive({ type: "pubrec", packetId: 1 })).toMatch(/wrong way/);
    expect(bench.receive({ type: "puback", packetId: 2 })).toMatch(/wrong way/);
    expect(bench.receive({ type: "pubcomp", packetId: 2 })).toMatch(/wrong way/);
    bench.subscribe("a");
    bench.sent();
    expect(bench.receive({ type: "unsuback", packetId: 3 })).toMatch(/wrong way/);
    expect(bench.receive({ type: "suback", packetId: 3, reasonCodes: [0, 0] })).toMatch(/wrong way/);
  });

  it("are answered when they are PUBREC, so that the broker can forget", () => {
    const bench = new Bench().connect();
    expect(bench.receive({ type: "pubrec", packetId: 77 })).toBeUndefined();
    expect(bench.sent()).toEqual(["pubrel #77"]);
    expect(bench.session.unexpected).toBe(1);
  });

  it("break the protocol when only a client may send them", () => {
    const bench = new Bench().connect();
    expect(bench.receive({ type: "pingreq" })).toMatch(/PINGREQ/);
    expect(bench.receive({ type: "connack", sessionPresent: false, reasonCode: 0 })).toMatch(/CONNACK/);
    expect(bench.receive({ type: "pingresp" })).toBeUndefined();
  });
});

describe("receiving", () => {
  it("acknowledges when the handler has taken it, not before", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(0, 0));
    bench.receive(bench.message(1, 5));
    bench.receive(bench.message(2, 6));
    expect(bench.sent()).toEqual([]);
    expect(bench.delivered).toHaveLength(3);
    bench.session.settle(bench.delivered[1]?.delivery as Delivery);
    bench.session.settle(bench.delivered[2]?.delivery as Delivery);
    expect(bench.sent()).toEqual(["puback #5", "pubrec #6"]);
    bench.receive({ type: "pubrel", packetId: 6 });
    expect(bench.sent()).toEqual(["pubcomp #6"]);
  });

  it("acknowledges in the order in which messages came, however handlers finish", () => {
    const bench = new Bench().connect();
    for (const packetId of [1, 2, 3]) bench.receive(bench.message(1, packetId));
    const [first, second, third] = bench.delivered.map(({ delivery }) => delivery as Delivery);
    bench.session.settle(third as Delivery);
    bench.session.settle(second as Delivery);
    expect(bench.sent()).toEqual([]);
    bench.session.settle(first as Delivery);
    expect(bench.sent()).toEqual(["puback #1", "puback #2", "puback #3"]);
  });

  it("delivers QoS 2 once, over connections, until it is released", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(2, 4));
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    expect(bench.sent()).toEqual(["pubrec #4"]);
    bench.session.disconnect(false);
    bench.connect(true);
    bench.receive(bench.message(2, 4, true));
    expect(bench.sent()).toEqual(["pubrec #4"]);
    expect(bench.delivered).toHaveLength(1);
    expect(bench.session.duplicates).toBe(1);
    bench.receive({ type: "pubrel", packetId: 4 });
    bench.receive(bench.message(2, 4));
    expect(bench.delivered).toHaveLength(2);
  });

  it("waits for the handler when QoS 2 comes again meanwhile", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(2, 4));
    bench.session.disconnect(false);
    bench.connect(true);
    bench.receive(bench.message(2, 4, true));
    expect(bench.sent()).toEqual([]);
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    expect(bench.sent()).toEqual(["pubrec #4"]);
  });

  it("does not acknowledge on one connection what came on another", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(1, 4));
    bench.session.disconnect(false);
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    bench.connect(true);
    expect(bench.sent()).toEqual([]);
    bench.receive(bench.message(1, 4, true));
    expect(bench.delivered).toHaveLength(2);
  });

  it("forgets what it had received when the broker has lost the session", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(2, 4));
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.noted).toEqual(["moved 0", "received 4", "forgotten 4"]);
    bench.receive(bench.message(2, 4, true));
    expect(bench.delivered).toHaveLength(2);
  });

  it("answers PUBREL even of what it does not know", () => {
    const bench = new Bench().connect();
    bench.receive({ type: "pubrel", packetId: 9 });
    expect(bench.sent()).toEqual(["pubcomp #9"]);
  });
});

describe("subscribing", () => {
  it("resolves with the broker's code", async () => {
    const bench = new Bench().connect();
    const [granted, refused] = [bench.subscribe("a", 2), bench.subscribe("b")];
    expect(bench.sent()).toEqual(["subscribe a #1", "subscribe b #2"]);
    bench.receive({ type: "suback", packetId: 1, reasonCodes: [1] });
    bench.receive({ type: "suback", packetId: 2, reasonCodes: [0x80] });
    expect(await granted.promise).toEqual([1]);
    expect(await refused.promise).toEqual([0x80]);
  });

  it("restores what was granted when the broker has lost the session, and only then", () => {
    const bench = new Bench().connect();
    for (const filter of ["a", "b", "c"]) bench.subscribe(filter);
    bench.sent();
    bench.receive({ type: "suback", packetId: 1, reasonCodes: [1] });
    bench.receive({ type: "suback", packetId: 2, reasonCodes: [0x80] });
    bench.receive({ type: "suback", packetId: 3, reasonCodes: [1] });
    bench.unsubscribe("c");
    bench.sent();
    bench.receive({ type: "unsuback", packetId: 4 });
    bench.session.disconnect(false);
    bench.connect(true);
    expect(bench.sent()).toEqual([]);
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.sent()).toEqual(["subscribe a #5"]);
  });

  it("restores in packets of eight filters, before anything is published", () => {
    const bench = new Bench().connect();
    for (let index = 0; index < 10; index++) bench.subscribe(`f${index}`);
    bench.sent();
    for (let packetId = 1; packetId <= 10; packetId++) {
      bench.receive({ type: "suback", packetId, reasonCodes: [1] });
    }
    bench.publish(1, "mine");
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.sent()).toEqual(["subscribe f0 f1 f2 f3 f4 f5 f6 f7 #12", "subscribe f8 f9 #13"]);
    expect(bench.session.hasRoom).toBe(false);
    bench.receive({ type: "suback", packetId: 12, reasonCodes: [1, 1, 1, 0x80, 1, 1, 1, 1] });
    expect(bench.sent()).toEqual([]);
    bench.receive({ type: "suback", packetId: 13, reasonCodes: [1, 1] });
    expect(bench.sent()).toEqual(["publish mine q1 #11"]);
    expect(bench.lost).toEqual(["f3"]);
  });

  it("goes on with a restoration that was cut short, although the session is there by then", () => {
    const bench = new Bench().connect();
    bench.subscribe("a");
    bench.sent();
    bench.receive({ type: "suback", packetId: 1, reasonCodes: [1] });
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.sent()).toEqual(["subscribe a #2"]);
    bench.session.disconnect(false);
    bench.connect(true);
    expect(bench.sent()).toEqual(["subscribe a #3"]);
  });

  it("asks again on the next connection for what was not answered", async () => {
    const bench = new Bench().connect();
    const request = bench.subscribe("a");
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.sent()).toEqual(["subscribe a #2"]);
    bench.receive({ type: "suback", packetId: 2, reasonCodes: [0] });
    expect(await request.promise).toEqual([0]);
  });

  it("forgets what nobody waits for any more, and publishes then", async () => {
    const bench = new Bench();
    const request = bench.subscribe("a");
    bench.session.abandon(request, new Error("enough"));
    bench.connect();
    expect(bench.sent()).toEqual([]);
    expect(bench.session.hasRoom).toBe(true);
    await expect(request.promise).rejects.toThrow("enough");
  });
});

describe("a message on which the broker closes the connection", () => {
  it("is given up after so many times, and the others get through", async () => {
    const bench = new Bench({ refusalLimit: 3 }).connect();
    const publications = ["a", "bad", "b", "c"].map((topic) => bench.publish(1, topic));
    let connections = 1;
    serve(bench);
    while (bench.session.awaited > 0) {
      connections++;
      bench.connect(true);
      serve(bench);
    }
    expect(connections).toBe(3 + 1);
    const outcomes = await Promise.allSettled(publications.map(({ promise }) => promise));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    await expect(publications[1]?.promise).rejects.toMatchObject({ code: "mqtt/message-refused" });
  });

  it("is not given up when the network is at fault", () => {
    const bench = new Bench({ refusalLimit: 3 }).connect();
    const publication = bench.publish(1, "a");
    for (let time = 0; time < 20; time++) {
      bench.sent();
      bench.session.disconnect(false);
      bench.connect(true);
    }
    expect(publication.settled).toBe(false);
  });

  it("is not given up when the broker closes before it went out", () => {
    const bench = new Bench({ refusalLimit: 3 }).connect();
    const publication = bench.publish(1, "a");
    bench.sent();
    for (let time = 0; time < 20; time++) {
      bench.session.disconnect(time > 0);
      bench.connect(true);
    }
    expect(publication.settled).toBe(false);
  });

  it("is not given up when the broker closes whatever it gets: it has to answer PINGREQ first", () => {
    const bench = new Bench({ refusalLimit: 3 }).connect();
    const publication = bench.publish(1, "a");
    bench.sent();
    for (let time = 0; time < 20; time++) {
      bench.session.disconnect(true);
      bench.connect(true);
      expect(bench.sent()).toEqual(["pingreq"]);
    }
    expect(publication.settled).toBe(false);
    bench.receive({ type: "pingresp" });
    expect(bench.sent()).toEqual(["publish a q1 #1 dup"]);
  });

  it("may be a request, too", async () => {
    const bench = new Bench({ refusalLimit: 2 }).connect();
    const request = bench.subscribe("bad");
    for (let time = 0; time < 2; time++) {
      bench.sent();
      bench.receive({ type: "pingresp" });
      bench.sent();
      bench.session.disconnect(true);
      bench.connect();
    }
    await expect(request.promise).rejects.toMatchObject({ code: "mqtt/subscribe-refused" });
    expect(bench.sent()).toEqual([]);
    expect(bench.session.hasRoom).toBe(true);
  });
});

describe("the end", () => {
  it("rejects everything that waits", async () => {
    const bench = new Bench().connect();
    const publication = bench.publish(2);
    const sent = bench.subscribe("a");
    bench.sent();
    const queued = bench.subscribe("b");
    bench.session.end(new Error("over"));
    for (const { promise } of [publication, sent, queued]) await expect(promise).rejects.toThrow("over");
    expect(bench.session.hasRoom).toBe(false);
  });
});

/** The broker takes what comes before "bad", and closes on that. */
function serve(bench: Bench): void {
  let poisoned = false;
  for (const packet of bench.sent()) {
    const id = /#(\d+)/.exec(packet)?.[1];
    if (packet === "pingreq") bench.receive({ type: "pingresp" });
    if (packet.includes("bad")) poisoned = true;
    if (!poisoned && id) bench.receive({ type: "puback", packetId: Number(id) });
  }
  if (poisoned) bench.session.disconnect(true);
  else if (bench.session.awaited > 0) serve(bench);
}
