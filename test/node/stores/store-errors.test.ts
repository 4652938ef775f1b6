import { describe, expect, it } from "vitest";
import { cannotOpen } from "../../../src/node/stores/store-errors.ts";

describe("a store that cannot be opened", () => {
  it("says that the disk is full, where it is", () => {
    const cause = new Error("disk I/O error");
    expect(cannotOpen("/", cause, 4096).message).toBe(
      "the store in / cannot be opened: disk I/O error: the disk is full, 4096 bytes are free",
    );
    expect(cannotOpen("/", cause, 1e9).message).toBe("the store in / cannot be opened: disk I/O error");
    expect(cannotOpen("/nowhere/at/all", cause).message).not.toContain("full");
  });
});
