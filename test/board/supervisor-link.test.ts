import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeUtf8, sha256Of } from "../../src/base/index.ts";
import { systemCryptography } from "../../src/node/index.ts";
import type { StartMessage, ToSupervisor } from "../../src/node/board/protocol.ts";
import { ImageSlots } from "../../src/node/board/slots.ts";
import { SupervisorLink } from "../../src/node/board/supervisor-link.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moteq-link-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * An agent's side, of the boot that tries the image "x" in slot b.
 *
 * @param refusal why the supervisor does nothing of what it is asked; by default it does
 */
function createLink(refusal?: string) {
  const slots = new ImageSlots(folder);
  slots.prepare();
  const asked: string[] = [];
  const image = "a".repeat(64);
  const start = {
    type: "start",
    config: { watchdog: { timeoutMs: 1000 } },
    boot: { slot: "b", mode: "normal", trial: true, image },
    state: { confirmed: false, note: null, freeSlot: "b" },
  } as StartMessage;
  const send = (message: ToSupervisor) => {
    if (!("request" in message)) return;
    asked.push(message.type);
    const { request } = message;
    queueMicrotask(() => link.receive({ type: "done", request, error: refusal }));
  };
  const link = new SupervisorLink({
    start,
    slots,
    send,
    flush: () => Promise.resolve(),
    isBusy: () => false,
  });
  return { link, asked, image };
}

describe("the image that runs (real)", () => {
  it("stays when it is sent again, unless another one took its slot", async () => {
    const { link, asked, image } = createLink();
    expect(await link.keepImage("b".repeat(64))).toBe(false);
    expect(await link.keepImage(image)).toBe(true);
    expect(asked).toEqual(["keep"]);
    const bytes = encodeUtf8("another image");
    const sha256 = sha256Of(systemCryptography, bytes);
    const writer = await link.openImage({ size: bytes.length, sha256, signature: null });
    await writer.write([bytes]);
    await writer.close();
    await writer.accept();
    expect(await link.keepImage(image)).toBe(false);
    expect(asked).toEqual(["keep", "vacate", "stage"]);
  });

  it("and an image that comes do neither where the supervisor cannot write that down", async () => {
    const { link, image } = createLink("no room");
    const refused = { code: "board/files", message: "the supervisor cannot write its record: no room" };
    await expect(link.keepImage(image)).rejects.toMatchObject(refused);
    const bytes = encodeUtf8("an image");
    const sha256 = sha256Of(systemCryptography, bytes);
    const writer = await link.openImage({ size: bytes.length, sha256, signature: null });
    await writer.write([bytes]);
    await writer.close();
    await expect(writer.accept()).rejects.toMatchObject(refused);
    expect(existsSync(join(folder, "b/image.mjs"))).toBe(false);
  });
});
