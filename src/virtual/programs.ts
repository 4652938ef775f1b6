import { randomInteger, sleep } from "../base/index.ts";
import type { LinkNode, NodeMessage } from "../mote/index.ts";
import type { NodeContext, NodeProgram } from "./node.ts";

// Programs as people write them for real nodes, ready to be given to a `VirtualNode`.

/** Publishes a light sensor's reading and goes back to sleep without listening. */
export function createPublishOnlyProgram(topic = "light"): NodeProgram {
  return {
    dialect: "prototype",
    async run(node, { random, note, signal }) {
      const reading = randomInteger(random, 0, 65_535);
      note(`publish ${topic}`, await node.publish(topic, String(reading), { signal }));
    },
  };
}

/**
 * Subscribes, publishes a dummy so that the gateway sends what waits, listens until it is silent, and shows the
 * last message.
 */
export function createSubscribeOnlyProgram(topic = "foo_topic"): NodeProgram {
  return {
    dialect: "prototype",
    async run(node, { note, receive, show, signal }) {
      note(`subscribe ${topic}`, await node.subscribe(topic, { qos: 1, signal }));
      if (note("publish dummy", await node.publish("dummy", "dummy", { signal })) === "not-delivered") return;
      let last: NodeMessage | undefined;
      const handle = (message: NodeMessage) => {
        receive(message);
        last = message;
      };
      note("listen", await node.listen(handle, { signal }));
      if (last) show(last.message);
    },
  };
}

/** Runs all the time: waits until the broker is up, publishes a count, fetches what waits, pauses. */
export function createContinuousProgram({
  topic = "shed",
  subscription = "foo_topic",
  pauseMs = 3000,
} = {}): NodeProgram {
  return {
    dialect: "link",
    async run(node, { clock, note, receive, signal }) {
      while (!note(`subscribe ${subscription}`, await node.subscribe(subscription, { qos: 1, signal }))) {
        await sleep(clock, pauseMs, signal);
      }
      for (let count = 0; ; count++) {
        while (note("ping", await node.ping({ signal })) !== "up") await sleep(clock, 1000, signal);
        note(`publish ${topic}`, await node.publish(topic, `count ${count}`, { qos: 1, signal }));
        note("get", await node.get(receive, { signal }));
        await sleep(clock, pauseMs, signal);
      }
    },
  };
}

/** Publishes a temperature and repeats it until the gateway has it, at most so many times. */
export function createInsistentProgram(topic = "attic", attempts = 10): NodeProgram {
  const isKnown = createIntroduction();
  return {
    dialect: "link",
    async run(node, { clock, random, note, signal }) {
      if (!(await isKnown(node, { note, signal }))) return;
      const temperature = (15 + random.next() * 10).toFixed(1);
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const outcome = note(`publish ${topic}`, await node.publish(topic, temperature, { qos: 1, signal }));
        if (outcome === "acknowledged" || outcome === "broker-out") return;
        await sleep(clock, 20 * attempt, signal);
      }
    },
  };
}

/** Walks along the x axis, a step a wake, and publishes where it was; out of range it keeps that for later. */
export function createWalkerProgram(
  topic = "walker",
  path: readonly number[] = [20, 60, 95, 130, 160, 130, 95, 60],
): NodeProgram {
  const keep = 20;
  const unsent: string[] = [];
  let step = 0;
  const isKnown = createIntroduction();
  return {
    dialect: "link",
    async run(node, { note, moveTo, signal }) {
      const x = path[step++ % path.length] ?? 0;
      moveTo(x, 0);
      unsent.push(JSON.stringify({ step, x }));
      if (unsent.length > keep) unsent.shift();
      if (!(await isKnown(node, { note, signal }))) return;
      for (let place = unsent[0]; place !== undefined; place = unsent[0]) {
        const outcome = note(`publish ${topic}`, await node.publish(topic, place, { qos: 1, signal }));
        if (outcome !== "acknowledged" && outcome !== "broker-out") return;
        unsent.shift();
      }
    },
  };
}

/**
 * A native sensor: joins once, says how often it wakes, publishes a temperature in each wake and takes what waits. What does not
 * go through goes with the next wake.
 */
export function createNativeSensorProgram({
  topic = "cellar",
  code = undefined as string | undefined,
  periodSeconds = 60,
} = {}): NodeProgram {
  return {
    dialect: "native",
    async run(node, { random, note, receive, signal }) {
      if (!node.joined) {
        if (note("join", await node.join(code, { signal })) !== "joined") return;
        node.announceWakes(periodSeconds, periodSeconds / 2);
      }
      const temperature = (8 + random.next() * 4).toFixed(1);
      note(`publish ${topic}`, await node.publish(topic, temperature, { receive, signal }));
    },
  };
}

/**
 * A node of the `link` dialect that only publishes gets no answer until the gateway knows what it speaks: it pings, once
 * in its life, until that was answered.
 */
function createIntroduction() {
  let known = false;
  return async (node: LinkNode, { note, signal }: Pick<NodeContext, "note" | "signal">): Promise<boolean> => {
    if (known) return true;
    const outcome = note("ping", await node.ping({ signal }));
    known = outcome === "up" || outcome === "down";
    return known;
  };
}

const colours: ReadonlySet<string> = new Set(["red", "green", "blue"]);

/**
 * Runs all the time, shows the colour that is published to everybody, and reports the colour shown: at once when it
 * changes, and every so often.
 */
export function createLampProgram({ topic = "lamp/colour", reportMs = 15_000 } = {}): NodeProgram {
  let shown = "off";
  return {
    dialect: "prototype",
    async run(node, { clock, note, receive, show, signal }) {
      let reported: string | undefined;
      let reportedAt = 0;
      const handle = (message: NodeMessage) => {
        receive(message);
        if (!colours.has(message.message)) return;
        shown = message.message;
        show(shown);
      };
      for (;;) {
        if (shown !== reported || clock.monotonic() - reportedAt >= reportMs) {
          const colour = shown;
          const options = { retain: true, qos: 1, acknowledge: true, signal } as const;
          const outcome = note(`publish ${topic}`, await node.publish(topic, colour, options));
          if (outcome === "acknowledged") {
            reported = colour;
            reportedAt = clock.monotonic();
          }
        }
        await node.listen(handle, { silenceMs: 1000, signal });
      }
    },
  };
}
