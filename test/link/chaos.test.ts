import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import { disturber } from "../wire/serial-line.ts";
import { LinkWorld } from "./world.ts";

describe("a link in trouble of all kinds", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "gets every message at QoS 1 to where it belongs, in order: seed %i",
    async (seed) => {
      const random = createSeededRandom(seed);
      await using world = await LinkWorld.open({
        disturb: disturber(random, random.next() / 1000),
        host: { queueLimit: 1000, init: { clientId: "host", cleanSession: false } },
        settleTurns: 5,
      });
      const down = new Set<string>();
      world.host.subscribe("down", (_topic, payload) => void down.add(String(payload)), { qos: 1 });
      await world.pass(10_000);
      let sent = 0;
      for (let step = 0; step < 40; step++) {
        for (let more = randomInteger(random, 0, 5); more > 0; more--) {
          world.host.publish("up", String(sent), { qos: 1 });
          await world.broker.publish("down", String(sent++));
        }
        const draw = random.next();
        if (draw < 0.1) world.killModem();
        else if (draw < 0.2) world.cutLine();
        else if (draw < 0.3) {
          world.broker.cut();
          await world.pass(random.next() * 20_000);
          world.broker.restore();
        } else if (draw < 0.35) world.host.command("nonsense");
        await world.pass(random.next() * 5000);
      }
      await world.pass(180_000);
      const arrived = world.broker.textsOn("up").map(Number);
      expect(new Set(arrived).size, `seed ${seed}`).toBe(sent);
      // What is sent again comes later; the first of each is in order.
      const firsts = arrived.filter((one, index) => arrived.indexOf(one) === index);
      expect(firsts, `seed ${seed}`).toEqual(firsts.toSorted((a, b) => a - b));
      expect(down.size, `seed ${seed}`).toBe(sent);
      expect(world.host.pending).toBe(0);
    },
    60_000,
  );
});
