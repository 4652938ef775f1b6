import { describe, expect, it } from "vitest";
import { createAborter } from "../../src/base/index.ts";
import { VmRepl } from "../../src/node/board/repl.ts";

describe("a promise that the REPL waits for (real)", () => {
  it("is let go at once when nobody waits for its value any more; what it prints then is not lost", async () => {
    const late: string[] = [];
    const repl = new VmRepl({
      bindings: {},
      from: import.meta.filename,
      printLate: (text) => void late.push(text),
    });
    const printed: string[] = [];
    const { signal, abort } = createAborter();
    const source = "new Promise((resolve) => { globalThis.resolve = resolve }).then(print)";
    const waiting = repl.evaluate(source, (text) => void printed.push(text), signal);
    abort(new Error("nobody waits"));
    await expect(waiting).rejects.toThrow("nobody waits");
    expect(repl.evaluate("resolve(7)", () => {})).toBeUndefined();
    await expect.poll(() => late).toEqual(["7\n"]);
    expect(printed).toEqual([]);
  });
});
