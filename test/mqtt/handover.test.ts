import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import { type Handover, MqttClient } from "../../src/mqtt/index.ts";
import { Publication } from "../../src/mqtt/publication.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { ReferenceBroker } from "./reference-broker.ts";
import { Bench } from "./session-bench.ts";

const fresh: Handover = { packetId: 0, released: false, note() {} };

function publicationWith(handover: Handover, topic = "t"): Publication {
  const publication = new Publication(topic, "x", 2, false);
  publication.handover = handover;
  return publication;
}

/** A bench that has published one message whose progress is noted. */
function published(): { bench: Bench; publication: Publication } {
  const bench = new Bench().connect();
  bench.sent();
  const publication = publicationWith(fresh);
  bench.session.publish(publication);
  return { bench, publication };
}

/** Says that what is noted so far is safe. */
function makeSafe(bench: Bench): void {
  for (const publication of bench.noting.splice(0)) bench.session.noted(publication);
}

describe("a message whose progress is noted", () => {
  it("goes out when its id is safe, and PUBREL when PUBREC is", async () => {
    const { bench, publication } = published();
    expect(bench.sent()).toEqual([]);
    expect(bench.noting).toMatchObject([{ packetId: 1, released: false }]);
    makeSafe(bench);
    expect(bench.sent()).toEqual(["publish t q2 #1"]);
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.receive({ type: "pubrec", packetId: 1 });
    expect(bench.sent()).toEqual([]);
    expect(bench.noting).toMatchObject([{ packetId: 1, released: true }]);
    makeSafe(bench);
    expect(bench.sent()).toEqual(["pubrel #1"]);
    bench.receive({ type: "pubrec", packetId: 1 });
    expect(bench.sent()).toEqual(["pubrel #1"]);
    bench.receive({ type: "pubcomp", packetId: 1 });
    await publication.promise;
    expect(bench.noting).toEqual([]);
  });

  it("holds up no other", () => {
    const { bench } = published();
    bench.publish(1, "other");
    expect(bench.sent()).toEqual(["publish other q1 #2"]);
  });

  it("goes on with the next connection if it ends meanwhile", () => {
    const { bench } = published();
    bench.session.disconnect(false);
    bench.connect(true);
    expect(bench.sent()).toEqual([]);
    makeSafe(bench);
    expect(bench.sent()).toEqual(["publish t q2 #1 dup"]);
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.session.disconnect(false);
    makeSafe(bench);
    bench.connect(true);
    expect(bench.sent()).toEqual(["pubrel #1"]);
  });

  it("begins anew, once that is safe, where the broker has lost the session", () => {
    const { bench } = published();
    makeSafe(bench);
    bench.sent();
    bench.receive({ type: "pubrec", packetId: 1 });
    bench.session.disconnect(false);
    // What was noted before is safe only now: that it begins anew is not.
    const [late] = bench.noting.splice(0);
    bench.connect(false);
    if (late) bench.session.noted(late);
    expect(bench.sent()).toEqual([]);
    expect(bench.noting).toMatchObject([{ packetId: 1, released: false }]);
    makeSafe(bench);
    expect(bench.sent()).toEqual(["publish t q2 #1"]);
  });

  it("goes on under its old id, and no other gets that", () => {
    const bench = new Bench();
    const known = [
      { ...fresh, packetId: 1 },
      { ...fresh, packetId: 2, released: true },
    ];
    for (const handover of known)
      expect(bench.session.resume(publicationWith(handover, "old"), handover)).toBe(true);
    const twice = { ...fresh, packetId: 2 };
    expect(bench.session.resume(publicationWith(twice), twice)).toBe(false);
    expect(bench.session.resume(publicationWith(fresh), fresh)).toBe(false);
    bench.connect(true);
    expect(bench.sent()).toEqual(["publish old q2 #1 dup", "pubrel #2"]);
    bench.publish(1, "new");
    expect(bench.sent()).toEqual(["publish new q1 #3"]);
    // The broker may know that id for something else by now.
    const late = { ...fresh, packetId: 9 };
    expect(bench.session.resume(publicationWith(late), late)).toBe(false);
  });
});

describe("a client that is given what was on its way", () => {
  it("brings it to its end, under the ids that were noted", async () => {
    const clock = new VirtualClock();
    const broker = new ReferenceBroker((bytes) => [bytes]);
    const notes: string[] = [];
    const handover = (packetId: number, released: boolean): Handover => ({
      packetId,
      released,
      note(id, isReleased, safe) {
        notes.push(`${id === packetId ? "old" : "new"} ${isReleased}`);
        clock.setTimer(5, safe);
      },
    });
    const make = () =>
      new MqttClient({
        open: broker.open,
        clock,
        random: createSeededRandom(1),
        clientId: "c",
        clean: false,
      });
    const first = make();
    first.start();
    await clock.runUntil(first.ready());
    await clock.runUntil(first.close());
    const client = make();
    const all = [
      client.publish("t", "unsent", { qos: 2, handover: handover(0, false) }),
      client.publish("t", "sent", { qos: 2, handover: handover(7, false) }),
      client.publish("t", "taken", { qos: 2, handover: handover(8, true) }),
    ];
    client.start();
    await clock.runUntil(Promise.all(all));
    // The broker has the last one already, and is told only that it may forget it.
    expect(broker.taken.toSorted()).toEqual(["sent", "unsent"]);
    expect(notes.toSorted()).toEqual(["new false", "new true", "old true"]);
    await clock.runUntil(client.close());
  });
});
