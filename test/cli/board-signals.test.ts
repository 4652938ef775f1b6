import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startBoardCli } from "../support/board-cli.ts";

describe.runIf(process.platform === "linux")("a board that a signal ends (real)", () => {
  it.each(["SIGTERM", "SIGHUP"] as const)(
    "comes up in normal mode again, though %s reached its agent first",
    async (signal) => {
      await using cli = await startBoardCli();
      writeFileSync(join(cli.folder, "board.yaml"), "board: { data: data }\n");
      for (let starts = 0; starts < 2; starts++) {
        const board = cli.start(["run", "--config", "board.yaml"]);
        await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 30_000 });
        expect(board.out()).toContain("normal mode");
        const [pid] = readFileSync(join(cli.folder, "data/agent.pid"), "utf8").split(" ");
        process.kill(Number(pid), signal);
        expect(await cli.run(["eval", "6 * 7"])).toMatchObject({ out: "42\n" });
        board.child.kill(signal);
        expect(await board.exit).toBe(0);
      }
    },
  );
});
