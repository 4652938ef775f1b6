import { duplexPair } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { LineChannel } from "../../src/node/board/line-channel.ts";

function createChannel(longest?: number) {
  const [near, far] = duplexPair();
  const values: unknown[] = [];
  const onEnd = vi.fn();
  const channel = new LineChannel(near, onEnd, longest);
  channel.listen((value) => values.push(value));
  return { channel, near, far, values, onEnd };
}

describe("the channel between supervisor and agent", () => {
  it("passes values, however their bytes are cut", async () => {
    const { channel, far, values } = createChannel();
    for (const byte of Buffer.from('{"text":"€"}\n7\n')) far.write(Buffer.of(byte));
    far.write('"a"\n"b"\n"c');
    await vi.waitFor(() => expect(values).toEqual([{ text: "€" }, 7, "a", "b"]));
    channel.send({ done: true });
    await vi.waitFor(() => expect(String(far.read())).toBe('{"done":true}\n'));
  });

  it("leaves what is no JSON, and what is too long, and goes on behind it", async () => {
    const { far, values } = createChannel();
    far.write("{\n\n\0\n[[[\n");
    const megabyte = "x".repeat(1_000_000);
    far.write('"');
    for (let count = 0; count < 17; count++) {
      await new Promise<void>((resolve) => far.write(megabyte, () => resolve()));
    }
    far.write('"\n"next"\n');
    await vi.waitFor(() => expect(values).toEqual(["next"]));
  });

  it("takes shorter lines only, where one side has little to say", async () => {
    const { far, values } = createChannel(6);
    far.write('"12345"\n"1234"\n');
    await vi.waitFor(() => expect(values).toEqual(["1234"]));
  });

  it("is closed for one that asks and does not read: what is said to it fills no memory", async () => {
    const { channel, onEnd } = createChannel();
    const megabyte = "x".repeat(1_048_576);
    for (let count = 0; count < 100; count++) channel.send(megabyte);
    expect(channel.isOpen).toBe(false);
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
  });

  it("is closed when its pipe breaks, and nothing is thrown", async () => {
    const { channel, near, onEnd } = createChannel();
    near.destroy(new Error("EPIPE"));
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
    expect(channel.isOpen).toBe(false);
  });

  it("is closed when the other end goes, and then sends nothing", async () => {
    const { channel, far, onEnd } = createChannel();
    far.end();
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
    expect(channel.isOpen).toBe(false);
    channel.send("to nobody");
  });
});
