import { afterEach, describe, expect, it } from "vitest";
import type { Radio, TunableRadio } from "../../src/device/index.ts";

/** Two radios that hear each other; `settled` lets whatever has to pass, pass. */
export interface ConnectedRadios {
  readonly left: Radio;
  readonly right: Radio;
  readonly settled: <T>(promise: Promise<T>) => Promise<T>;
}

/** What a radio keeps whose channel can be chosen, besides {@link describeRadio}. Both are on channel 1 at first. */
export function describeTunableRadio(
  name: string,
  connect: () => Promise<ConnectedRadios & { readonly left: TunableRadio; readonly right: TunableRadio }>,
): void {
  describe(`a radio that changes its channel: ${name}`, () => {
    it("hears and is heard where it has gone to, and nowhere else", async () => {
      const { left, right, settled } = await connect();
      const heard = new Set<string>();
      for (const radio of [left, right]) radio.listen(({ source }) => heard.add(source));
      await settled(left.setChannel(11));
      expect([left.channel, left.problem]).toEqual([11, undefined]);
      expect(await settled(left.send(right.address, new Uint8Array(1)))).toBe(false);
      expect(await settled(right.send(left.address, new Uint8Array(1)))).toBe(false);
      await settled(right.setChannel(11));
      expect(await settled(left.send(right.address, new Uint8Array(1)))).toBe(true);
      expect(await settled(right.send(left.address, new Uint8Array(1)))).toBe(true);
      await settled(Promise.all([left.setChannel(6), left.setChannel(1), right.setChannel(1)]));
      expect(left.channel).toBe(1);
      expect(await settled(right.send(left.address, new Uint8Array(1)))).toBe(true);
      await settled(Promise.all([left.close(), right.close()]));
      expect(heard).toEqual(new Set([left.address, right.address]));
    });

    it("refuses a channel that there is not, and any once it is closed", async () => {
      const { left, right, settled } = await connect();
      for (const channel of [0, 15, 1.5]) {
        await expect(left.setChannel(channel)).rejects.toMatchObject({ code: "radio/bad-channel" });
      }
      expect(left.channel).toBe(1);
      await settled(Promise.all([left.close(), right.close()]));
      await expect(left.setChannel(6)).rejects.toMatchObject({ code: "radio/closed" });
    });
  });
}

/** What every radio keeps, whatever it is made of. `left` must be able to reach `right` from the start. */
export function describeRadio(name: string, connect: () => Promise<ConnectedRadios>): void {
  describe(`a radio: ${name}`, () => {
    let radios: ConnectedRadios;

    afterEach(async () => {
      await radios.settled(radios.left.close());
      await radios.settled(radios.right.close());
    });

    it("delivers frames whole, in order, with their sender's address", async () => {
      radios = await connect();
      const { left, right, settled } = radios;
      const heard: string[] = [];
      right.listen(({ source, bytes }) => heard.push(`${source} ${bytes.length} ${bytes[0]}`));
      for (let length = 1; length <= 250; length += 83) {
        expect(await settled(left.send(right.address, new Uint8Array(length).fill(length)))).toBe(true);
      }
      expect(heard).toEqual([1, 84, 167, 250].map((length) => `${left.address} ${length} ${length}`));
    });

    it("says that nobody acknowledged", async () => {
      radios = await connect();
      expect(await radios.settled(radios.right.send("0200000000ff", new Uint8Array(1)))).toBe(false);
    });

    it.each([
      ["an empty frame", new Uint8Array(0), "radio/frame-too-long"],
      ["a frame too long", new Uint8Array(251), "radio/frame-too-long"],
    ])("refuses %s", async (_what, bytes, code) => {
      radios = await connect();
      await expect(radios.left.send(radios.right.address, bytes)).rejects.toMatchObject({ code });
    });

    it("refuses an address that is none", async () => {
      radios = await connect();
      const code = "radio/bad-address";
      await expect(radios.left.send("02:00:00:00:00:01", new Uint8Array(1))).rejects.toMatchObject({ code });
    });

    it("closes twice, settles what is under way, and refuses to send afterwards", async () => {
      radios = await connect();
      const { left, right, settled } = radios;
      const underWay = left.send("0200000000ff", new Uint8Array(1));
      await settled(Promise.all([left.close(), left.close()]));
      expect(await settled(underWay)).toBe(false);
      await expect(left.send(right.address, new Uint8Array(1))).rejects.toMatchObject({
        code: "radio/closed",
      });
    });
  });
}
