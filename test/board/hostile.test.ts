import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { toJsonLine, toSafeText } from "../../src/cli/output.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import { openBoard, remoteErrors } from "../../src/remote/index.ts";
import { encodeBoardPacket, encodeReplyTopic, uncounted } from "../../src/wire/index.ts";
import { AgentWorld, services } from "./agent-world.ts";

/** Answers every command with what the test says. A board that is busy may take long: the timeout is not what is tested. */
async function withHostile(
  answer: (id: string, client: MqttClient, topic: string, payload: Uint8Array) => void,
  dialect: "mqrepl" | "native" = "mqrepl",
  timeoutMs = 30_000,
) {
  const world = await AgentWorld.start();
  const evil = await world.connect();
  await evil.subscribe("evil/mqb/cmd/#", { qos: 1 }, ({ topic, payload }) =>
    answer(topic.split("/")[4] ?? "", evil, topic, payload),
  );
  const client = await world.connect();
  const options = { ...services, client, base: "evil/mqb", timeoutMs, dialect };
  const board = await openBoard(options);
  return { board, client, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}
const say = (client: MqttClient, id: string, sequence: number, last: boolean, body: Uint8Array) =>
  void client.publish(encodeReplyTopic("evil/mqb", "out", id), encodeBoardPacket({ sequence, last, body }), {
    qos: 1,
  });

describe("a hostile board (real)", () => {
  it("cannot fill the caller's memory", async () => {
    await using hostile = await withHostile((id, client) => {
      for (let sequence = 0; sequence < 40; sequence++)
        say(client, id, sequence, false, new Uint8Array(500_000));
    });
    const { board } = hostile;
    await expect(board.evaluate("1")).rejects.toSatisfy((error) => remoteErrors.is(error, "remote/too-long"));
  });

  it("cannot have more of a file on its way than may be, whatever window it names", async () => {
    let parts = 0;
    await using hostile = await withHostile(
      (id, client, topic, payload) => {
        if (topic.includes("/part/")) parts++;
        else if (Buffer.from(payload).includes('"do":"info"')) {
          say(
            client,
            id,
            uncounted,
            true,
            encodeUtf8(JSON.stringify({ state: "online", session: "00".repeat(16) })),
          );
        } else say(client, id, 0, false, encodeUtf8(`{"have":0,"part":1,"window":${2 ** 40}}`));
      },
      "native",
      1000,
    );
    const put = hostile.board.put("x", new Uint8Array(3_000_000));
    await expect(put).rejects.toSatisfy((error) => remoteErrors.is(error, "remote/no-answer"));
    expect(parts).toBeGreaterThan(0);
    expect(parts).toBeLessThanOrEqual(4096);
  });

  it.each([0, 1])(
    "that had %i bytes has a file sent anew once at the most, however often it is spoilt",
    async (have) => {
      let puts = 0;
      await using hostile = await withHostile((id, client, _topic, payload) => {
        if (Buffer.from(payload).includes('"do":"info"')) {
          const info = JSON.stringify({ state: "online", session: "00".repeat(16) });
          say(client, id, uncounted, true, encodeUtf8(info));
        } else if (Buffer.from(payload).includes('"do":"put"')) {
          puts++;
          say(client, id, 0, false, encodeUtf8(`{"have":${have}}`));
          void client.publish(encodeReplyTopic("evil/mqb", "err", id), "board/digest: spoilt", { qos: 1 });
        }
      }, "native");
      const put = hostile.board.put("x", new Uint8Array(10));
      await expect(put).rejects.toMatchObject({ detail: { code: "board/digest" } });
      expect(puts).toBe(2);
    },
  );

  it("cannot pass off what was not asked for", async () => {
    const answers = ["not a list", "[(b'61', 0, 1), evil()]", "__import__('os')", "[(b'6', 0, 1)]"];
    await using hostile = await withHostile((id, client) => {
      say(client, id, uncounted, true, encodeUtf8(answers.shift() ?? ""));
    });
    const { board } = hostile;
    for (let round = 0; round < 4; round++) {
      await expect(board.list("/")).rejects.toSatisfy((error) => remoteErrors.is(error, "remote/bad-answer"));
    }
  });

  it("that answers with a gap is not believed", async () => {
    await using hostile = await withHostile((id, client) => {
      say(client, id, 0, false, encodeUtf8("a"));
      say(client, id, 2, true, encodeUtf8("c"));
    });
    const { board } = hostile;
    await expect(board.evaluate("1")).rejects.toMatchObject({
      message: expect.stringContaining("1 was next, 2 came") as string,
    });
  });

  it("cannot have a signed session go on unsigned, by saying that it knows no signed commands", async () => {
    await using world = await AgentWorld.start();
    const evil = await world.connect();
    await evil.subscribe("evil/mqb/cmd/#", { qos: 1 }, ({ topic }) => {
      const answer = encodeReplyTopic("evil/mqb", "err", topic.split("/")[4] ?? "");
      void evil.publish(answer, "Command 'call' not supported", { qos: 1 });
    });
    const options = { ...services, client: await world.connect(), base: "evil/mqb", timeoutMs: 1000 };
    const signer = { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) };
    await expect(openBoard({ ...options, signer })).rejects.toMatchObject({ code: "remote/unsupported" });
    await expect(openBoard({ ...options, dialect: "native" })).rejects.toMatchObject({
      code: "remote/refused",
    });
    expect((await openBoard(options)).dialect).toBe("mqrepl");
    expect((await openBoard({ ...options, signer, dialect: "mqrepl" })).dialect).toBe("mqrepl");
  });

  it("writes to the terminal nothing but text", () => {
    const name = "\u001b]0;owned\u0007\u001b[2J\u009b31m";
    const controls = new RegExp(String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f]`);
    expect(toSafeText(name)).not.toMatch(controls);
    expect(toJsonLine({ name })).not.toMatch(controls);
  });
});
