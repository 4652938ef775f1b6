import { describe, expect, it } from "vitest";
import { Places } from "../../src/board/places.ts";

const ignore = () => {};
const never = () => new Promise<void>(() => {});

describe("the places of commands", () => {
  it("are as many as there are; with one more, what may be let go and came first is let go", async () => {
    const places = new Places(2);
    const gone: string[] = [];
    void places.hold(never);
    void places.hold(never, () => void gone.push("one"));
    let done = false;
    await places.hold(() => Promise.resolve(void (done = true)));
    expect([gone, done]).toEqual([["one"], true]);
  });

  it("are refused to everybody, the watchdog's feed too, where nothing may be let go", async () => {
    const places = new Places(2);
    let end = ignore;
    const work = places.hold(() => new Promise<void>((resolve) => (end = resolve)));
    void places.hold(never);
    await expect(places.hold(never)).rejects.toMatchObject({ code: "board/busy" });
    end();
    await work;
    await places.hold(() => Promise.resolve());
  });
});
