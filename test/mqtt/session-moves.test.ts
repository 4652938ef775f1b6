import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/mqtt/incoming.ts";
import { Publication } from "../../src/mqtt/publication.ts";
import { Bench } from "./session-bench.ts";

describe("a message received at QoS 2", () => {
  it.each([
    ["with other content, and says that it repeats it", true, "y"],
    ["with other content", false, "y"],
    ["with the same content, and does not say that it repeats it", false, "x"],
  ])(
    "takes for new what a broker that fell back to an older state sends under a known id %s",
    (_how, duplicate, text) => {
      const bench = new Bench().connect();
      bench.receive(bench.message(2, 4));
      bench.session.settle(bench.delivered[0]?.delivery as Delivery);
      bench.session.disconnect(false);
      bench.connect(true);
      bench.sent();
      bench.receive(bench.message(2, 4, duplicate, text));
      expect(bench.delivered).toHaveLength(2);
      expect(bench.sent()).toEqual([]);
      bench.session.settle(bench.delivered[1]?.delivery as Delivery);
      expect(bench.sent()).toEqual(["pubrec #4"]);
      expect(bench.noted).toEqual(["moved 0", "received 4", "forgotten 4", "received 4"]);
    },
  );

  it("does not note the end of a handler whose message was another one's before, nor what it was not told of", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(2, 4));
    bench.session.disconnect(false);
    bench.connect(true);
    bench.receive(bench.message(2, 4, false, "y"));
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    expect(bench.noted).toEqual(["moved 0"]);
    expect(bench.sent()).toEqual([]);
    bench.session.settle(bench.delivered[1]?.delivery as Delivery);
    expect(bench.noted).toEqual(["moved 0", "received 4"]);
    expect(bench.sent()).toEqual(["pubrec #4"]);
  });

  it("goes by the id alone where an earlier version has noted no more", () => {
    const bench = new Bench();
    bench.session.restore([], [4], 0);
    bench.connect(true);
    bench.receive(bench.message(2, 4, false, "anything"));
    expect(bench.delivered).toEqual([]);
    expect(bench.sent()).toEqual(["pubrec #4"]);
  });

  it("keeps apart what two brokers send under the same id", () => {
    const bench = new Bench().connect();
    bench.receive(bench.message(2, 4));
    bench.session.settle(bench.delivered[0]?.delivery as Delivery);
    bench.session.disconnect(false);
    bench.connect(true, 1);
    bench.receive(bench.message(2, 4, true));
    bench.session.settle(bench.delivered[1]?.delivery as Delivery);
    bench.receive({ type: "pubrel", packetId: 4 });
    bench.session.disconnect(false);
    bench.connect(true, 0);
    bench.sent();
    bench.receive(bench.message(2, 4, true));
    expect(bench.delivered).toHaveLength(2);
    expect(bench.sent()).toEqual(["pubrec #4"]);
    bench.session.disconnect(false);
    // Only what the broker that has lost the session had sent is forgotten.
    bench.connect(false, 1);
    expect(bench.session.duplicates).toBe(1);
    bench.session.disconnect(false);
    bench.connect(false, 0);
    expect(bench.noted.filter((line) => !line.startsWith("moved"))).toEqual([
      "received 4",
      "received 4",
      "forgotten 4",
      "forgotten 4",
    ]);
  });
});

describe("a message in flight", () => {
  it("goes to another broker from the start, under ids of its own, whatever that knows of this client", () => {
    const bench = new Bench().connect();
    const [first, second] = [bench.publish(2), bench.publish(1)];
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.session.disconnect(false);
    bench.sent();
    bench.connect(true, 1);
    expect(bench.sent()).toEqual(["publish t q2 #3", "publish t q1 #4"]);
    bench.receive({ type: "pubrec", packetId: 3 });
    bench.receive({ type: "pubcomp", packetId: 3 });
    expect(bench.sent()).toEqual(["pubrel #3"]);
    expect([first.settled, second.settled]).toEqual([true, false]);
    // Kept in a store in this order, it is of use wherever a crash cuts it.
    expect(bench.noted).toEqual([
      "moved 0",
      "sent 1",
      "sent 2",
      "released 1",
      "sent 3",
      "sent 4",
      "moved 1",
      "released 3",
      "gone 3",
    ]);
  });

  it("takes back the mark of what was released when the broker has lost the session", () => {
    const bench = new Bench().connect();
    bench.publish(2);
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.session.disconnect(false);
    bench.connect(false);
    expect(bench.noted).toEqual(["moved 0", "sent 1", "released 1", "sent 1"]);
  });
});

describe("the first in line when a connection ended", () => {
  it("goes alone, until it is answered", () => {
    const bench = new Bench().connect();
    bench.publish(1, "a");
    bench.sent();
    bench.session.disconnect(false);
    bench.connect(true);
    expect(bench.sent()).toEqual(["publish a q1 #1 dup"]);
    expect(bench.session.hasRoom).toBe(false);
    bench.receive({ type: "puback", packetId: 1 });
    expect(bench.session.hasRoom).toBe(true);
  });

  it("may be one of too many: the window opens again from one, and slowly from where it was too wide", () => {
    const bench = new Bench({ inflightLimit: 100 }).connect();
    let lastId = 0;
    for (; lastId < 40; lastId++) bench.publish(1);
    bench.sent();
    bench.session.disconnect(true);
    bench.connect(true);
    const rounds: number[] = [];
    for (let id = 0; rounds.length < 12;) {
      while (bench.session.hasRoom) bench.publish(1);
      const count = bench.sent().filter((packet) => packet.startsWith("publish")).length;
      if (count === 0) bench.receive({ type: "pingresp" });
      else rounds.push(count);
      for (let index = 0; index < count; index++) bench.receive({ type: "puback", packetId: ++id });
    }
    expect(rounds).toEqual([1, 2, 4, 8, 16, 9, 20, 20, 20, 21, 21, 21]);
  });
});

describe("a session that is taken up after a crash", () => {
  it("knows by an id that was used again that the message before was done", () => {
    const bench = new Bench();
    const [done, later] = ["done", "later"].map((topic) =>
      Object.assign(new Publication(topic, "x", 1, false), { packetId: 7 }),
    );
    bench.session.restore([done, later] as Publication[], []);
    expect(bench.noted).toEqual(["gone 7"]);
    bench.connect(true);
    expect(bench.sent()).toEqual(["publish later q1 #7 dup"]);
  });
});
