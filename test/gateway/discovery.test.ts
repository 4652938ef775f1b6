import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const node = "020000000001";
const config = { homeassistant: true, nodes: { [node]: { name: "shed", wake: 600 } } } as const;
const topic = `homeassistant/device/moteq_${node}/config`;

interface Announcement {
  readonly device: object;
  readonly availability: object;
  readonly components: Record<string, Record<string, unknown>>;
}

function announcements(world: World): Announcement[] {
  return world.broker.textsOn(topic).map((text) => JSON.parse(text) as Announcement);
}

describe("Home Assistant discovery", () => {
  it("announces a node as a device, with its availability and a sensor for each number that it publishes", async () => {
    await using world = await World.open({ config });
    await world.say(node, '["shed/temperature", "21.5", false, 0]');
    await world.say(node, '["shed/door", "open", false, 0]');
    const announced = announcements(world).at(-1);
    expect(announced?.device).toEqual({
      identifiers: ["moteq_020000000001"],
      connections: [["mac", "02:00:00:00:00:01"]],
      name: "shed",
      manufacturer: "moteq",
      model: "radio node",
    });
    expect(announced?.availability).toEqual([
      { topic: "moteq/bridge/state", value_template: "{{ value_json.state }}" },
      { topic: "moteq/shed/availability", value_template: "{{ value_json.state }}" },
    ]);
    expect(Object.keys(announced?.components ?? {}).toSorted()).toEqual([
      "last_seen",
      "queued",
      "rssi",
      "t_shed_temperature",
    ]);
    expect(announced?.components["t_shed_temperature"]).toEqual({
      platform: "sensor",
      name: "shed/temperature",
      unique_id: "moteq_020000000001_t_shed_temperature",
      state_topic: "shed/temperature",
      device_class: "temperature",
      unit_of_measurement: "°C",
      state_class: "measurement",
    });
    expect(world.broker.taken.find((message) => message.topic === topic)?.retain).toBe(true);
  });

  it("keeps topics apart that differ in a sign, and from what it says of the node itself", async () => {
    await using world = await World.open({ config });
    for (const name of ["a/b", "a_b", "a-b", "rssi", "last/seen"]) {
      await world.say(node, `["${name}", "1", false, 0]`);
    }
    const { components = {} } = announcements(world).at(-1) ?? {};
    const topics = Object.values(components).map((component) => component["state_topic"]);
    const ids = Object.values(components).map((component) => component["unique_id"]);
    expect(topics).toEqual(expect.arrayContaining(["a/b", "a_b", "a-b", "rssi", "last/seen"]));
    expect(topics.filter((one) => one === "moteq/shed")).toHaveLength(3);
    expect(new Set(ids).size).toBe(8);
  });

  it("says nothing again that it has said", async () => {
    await using world = await World.open({ config });
    for (let count = 0; count < 10; count++) await world.say(node, `["t", "${count}", false, 0]`);
    // Once when it was first heard, once with what it first read.
    expect(announcements(world)).toHaveLength(2);
  });

  it("announces all again when Home Assistant is born", async () => {
    await using world = await World.open({ config });
    await world.say(node, '["t", "1", false, 0]');
    await world.publish("homeassistant/status", "offline");
    await world.pass(1000);
    expect(announcements(world)).toHaveLength(2);
    await world.publish("homeassistant/status", "online");
    await world.pass(1000);
    expect(announcements(world)).toHaveLength(3);
  });

  it("takes a node back that is removed", async () => {
    await using world = await World.open({ config });
    await world.say(node, '["t", "1", false, 0]');
    await world.publish("moteq/bridge/request/node/remove", JSON.stringify({ node }));
    expect(world.broker.textsOn(topic).at(-1)).toBe("");
  });

  it("is off by default", async () => {
    await using world = await World.open();
    await world.say(node, '["t", "1", false, 0]');
    expect(announcements(world)).toEqual([]);
  });
});
