import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { startCli } from "../support/cli-process.ts";

/** What a command says on the error stream, each line read as JSON, and its exit code. */
async function fail(...words: string[]) {
  const running = startCli(tmpdir(), words);
  const code = await running.exit;
  const lines = running.err().trimEnd().split("\n");
  return { code, out: running.out(), lines: lines.map((line) => JSON.parse(line) as unknown) };
}

/** What {@link fail} gives where the command's words are wrong. */
function wrongWords(message: string) {
  return { code: 2, out: "", lines: [{ error: { code: "cli/bad-argument", message } }] };
}

describe("the error stream with --json (real)", () => {
  it("is one line of JSON when a command is called wrongly", async () => {
    const [missing, unknown, option, none] = await Promise.all([
      fail("board", "--json", "put"),
      fail("board", "--json", "bogus"),
      fail("board", "ls", "--json", "--frob"),
      fail("board", "--json"),
    ]);
    expect(missing).toEqual(wrongWords("missing required argument 'local'"));
    expect(unknown).toEqual(wrongWords("unknown command 'bogus'"));
    expect(option).toEqual(wrongWords("unknown option '--frob'"));
    expect(none).toEqual(wrongWords("a command is missing"));
  });

  it("says trouble with the broker as JSON too, before the error", async () => {
    const { code, lines } = await fail(
      "board",
      "--json",
      "-T",
      "0.5",
      "--broker",
      "mqtt://127.0.0.1:1",
      "ls",
    );
    expect([code, lines]).toEqual([
      1,
      [
        { warning: { message: expect.stringMatching(/^no broker at mqtt:\/\/127/) as string } },
        {
          error: { code: "cli/timeout", message: "the broker's acceptance did not come within 0.5 s" },
        },
      ],
    ]);
  });
});
