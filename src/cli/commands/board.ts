import { decodeUtf8 } from "../../base/index.ts";
import type { Command } from "commander";
import type { RemoteBoard } from "../../remote/index.ts";
import {
  type BoardLogLevel,
  boardLogLevels,
  isBoardLogLevel,
  type ResetMode,
  toLogTopic,
} from "../../wire/index.ts";
import { findBoards } from "../board/announced.ts";
import { assertPuttable, getFile, listFolder, putFiles, readImage, readLocal } from "../board/files.ts";
import { followLog, printLogLine } from "../board/log.ts";
import {
  addBoardOptions,
  awaitBroker,
  type BoardOptions,
  prepareBoard,
  readBoardPlace,
  withBoard,
} from "../board/options.ts";
import { moveEntry } from "../board/move.ts";
import { formatCrash, printBoards, printInfo } from "../board/print.ts";
import { createOutput } from "../board/printed.ts";
import { runRepl } from "../board/repl.ts";
import { removeFile, removeTree } from "../board/remove.ts";
import { addRunCommand } from "../board/run.ts";
import { assertSendable, findOrMakeKey, nameSignature, signatureOf, signImage } from "../board/sign.ts";
import { readSpec, syncBoard } from "../board/sync.ts";
import { cliErrors } from "../errors.ts";
import { parseWhole } from "../options.ts";
import { printError, printLine, toJsonLine, toSafeText } from "../output.ts";
import { createProgress } from "../progress.ts";
import { untilInterrupted, withClient } from "../session.ts";

/** What a command does; what it gives back is said with `--json`, where it says nothing else. */
type Work = (
  board: RemoteBoard,
  words: readonly string[],
  options: BoardOptions & Record<string, unknown>,
) => Promise<Readonly<Record<string, unknown>> | void>;

/** `moteq board`: drives a board from afar. */
export function addBoardCommand(program: Command, signal: AbortSignal): void {
  const board = addBoardOptions(
    program
      .command("board")
      .description("Drives a board over MQTT: its files, its REPL, its log, its updates."),
  );
  /** Adds a command that speaks to one board. */
  const add: Add = (words, description, work, look = () => {}) =>
    board
      .command(words)
      .description(description)
      .action(async (...parameters: unknown[]) => {
        const command = parameters.at(-1) as Command;
        const options = command.optsWithGlobals<BoardOptions & Record<string, unknown>>();
        const given = (command.processedArgs as (string | string[] | undefined)[])
          .flat()
          .filter((word) => word !== undefined);
        look(given);
        const done = await withBoard(options, signal, (one) => work(one, given, options));
        if (done && options.json) printLine(toJsonLine(done));
      });
  addFileCommands(add, signal);
  addReplCommands(add, signal);
  addCareCommands(add, signal);
  addOtherCommands(board, signal);
  addRunCommand(board, signal);
}

/** @param look sees to what is wrong on this side, before the board is asked */
type Add = (
  words: string,
  description: string,
  work: Work,
  look?: (words: readonly string[]) => void,
) => Command;

function addFileCommands(add: Add, signal: AbortSignal): void {
  add("ls [folder]", "lists a folder", (board, [folder = "."], options) =>
    listFolder(board, folder, options, signal),
  )
    .option("-r, --recursive", "with all folders below it")
    .option("--sha", "with the SHA-256 of files");
  add(
    "get <remote> [local]",
    "fetches a file into a local file or folder; to standard output if none is named, or - (--json: and what it was to the error stream)",
    (board, words, options) => getFile(board, words[0] ?? "", words[1], options, signal),
  );
  add(
    "put <local> [more...]",
    "puts files; of several words the last is the remote name or folder; - is standard input",
    (board, words, options) => putFiles(board, words, options, signal),
    assertPuttable,
  );
  add("rm <file>", "removes a file", async (board, [file = ""], { recursive }) => {
    await (recursive === true ? removeTree : removeFile)(board, file, signal);
    return { file };
  }).option("-r, --recursive", "or a folder, with all that is in it");
  add("mkdir <folder>", "makes a folder", async (board, [folder = ""], { parents }) => {
    await board.makeFolder(folder, { parents: parents === true, signal });
    return { folder };
  }).option("-p, --parents", "and those above it; no error where it is");
  add("rmdir <folder>", "removes an empty folder", async (board, [folder = ""]) => {
    await board.removeFolder(folder, { signal });
    return { folder };
  });
  add(
    "mv <from> <to>",
    "renames a file or folder, or moves it into a folder that is there",
    async (board, [from = "", to = ""], options) => ({
      from,
      to: await moveEntry(board, from, to, { force: options["force"] === true }, signal),
    }),
  ).option("-f, --force", "replace a file that is there");
  add(
    "sync <spec>",
    "puts what differs from a specification in mqsync's format",
    (board, [spec = ""], options) => syncBoard(board, spec, options, signal),
    ([spec = ""]) => void readSpec(spec),
  ).option("-n, --dry-run", "say what would be done, and do nothing");
}

function addReplCommands(add: Add, signal: AbortSignal): void {
  add(
    "eval <source>",
    "evaluates an expression or statements on the board",
    async (board, [source = ""], { json }) => {
      if (json) {
        const result = decodeUtf8(await board.evaluate(source, { signal }));
        printLine(toJsonLine({ result: result ?? null }));
        return;
      }
      const output = createOutput();
      await board.evaluate(source, { signal, onOutput: (bytes) => output.write(bytes) });
      output.endLine();
    },
  );
  add("repl", "evaluates line by line, until Ctrl-D", async (board, _words, options) => {
    const allDone = await runRepl(board, options, signal);
    // Who types has seen what failed; who sends a script has to be told.
    if (!allDone && !process.stdin.isTTY) process.exitCode = 1;
  });
}

function addCareCommands(add: Add, signal: AbortSignal): void {
  add("info", "says what the board is and how it is", async (board, _words, { json }) => {
    const info = await board.info({ signal });
    if (json) printLine(toJsonLine({ dialect: board.dialect, ...info }));
    else printInfo(board, info);
  });
  add(
    "ota <image>",
    "sends an image to the slot that does not run, and boots it; where the board has keys, with --sign, beside an IMAGE.sig too",
    async (board, [path = ""], options) => {
      if (options["resume"] === true && board.dialect === "mqrepl") {
        throw cliErrors.create("cli/bad-argument", "a board that runs mqrepl begins every update anew");
      }
      const image = readImage(path);
      const progress = await createProgress("nothing");
      try {
        const signature = signatureOf(path, image, options);
        const boot = options["boot"] === true;
        await board.update(image, {
          signature,
          boot,
          signal,
          onProgress: (done, total) => progress.show("update", done, total),
        });
      } catch (error) {
        throw nameSignature(path, error);
      } finally {
        progress.end();
      }
      printLine(options.json ? toJsonLine({ image: path, size: image.length }) : "OK");
    },
    ([path = ""]) => assertSendable(path),
  )
    .option("--resume", "go on where an earlier attempt ended; moteq's own boards do in any case")
    .option("--no-boot", "leave it to the next reset to boot it");
  add(
    "reset",
    "starts the board again; in normal mode unless told otherwise",
    async (board, _words, options) => {
      const modes = (["safe", "soft", "hard", "normal"] as const).filter((mode) => options[mode] === true);
      if (modes.length > 1)
        throw cliErrors.create("cli/bad-argument", `reset takes one of --${modes.join(" and --")}`);
      const mode: ResetMode = modes[0] ?? "normal";
      await board.reset(mode, { signal });
      return { reset: mode };
    },
  )
    .option("-n, --normal", "into normal mode")
    .option(
      "-f, --safe",
      "into safe mode; the letter is the original program's, and forces nothing: --hard does",
    )
    .option("-s, --soft", "the agent alone")
    .option("--hard", "at once: what runs is killed, without a goodbye");
  add(
    "crash [what] [number]",
    "list, get N or clear: what ended the board before",
    async (board, [what = "list", number], { json }) => {
      if (what === "clear") {
        await board.clearCrashes({ signal });
        return { cleared: true };
      }
      if (what === "get") {
        if (number !== undefined && !/^[1-9]\d{0,8}$/.test(number)) {
          throw cliErrors.create("cli/bad-argument", `crash get takes a crash's number, got "${number}"`);
        }
        const newest = (await board.crashes({ signal })).at(-1)?.number;
        const wanted = number === undefined ? newest : Number(number);
        if (wanted === undefined) throw cliErrors.create("cli/nothing-there", "no crash is kept");
        const { output = "", ...report } = await board.crash(wanted, { signal });
        if (json) printLine(toJsonLine({ ...report, output }));
        else printLine(`${formatCrash(report)}\n\n${toSafeText(output)}`);
      } else if (what === "list") {
        for (const report of await board.crashes({ signal }))
          printLine(json ? toJsonLine(report) : formatCrash(report));
      } else throw cliErrors.create("cli/bad-argument", `crash takes list, get or clear, got "${what}"`);
      return undefined;
    },
  );
  add(
    "level [level]",
    "sets what goes to MQTT from now on: debug, info, warning, error, critical or none",
    async (board, [level], options) => {
      const mqtt = toLevel("level", level);
      const onConsole = toLevel("--console", options["console"] as string | undefined);
      if (mqtt === undefined && onConsole === undefined)
        throw cliErrors.create("cli/bad-argument", "level takes a level for MQTT, --console LEVEL, or both");
      const levels = {
        ...(mqtt === undefined ? {} : { mqtt }),
        ...(onConsole === undefined ? {} : { console: onConsole }),
      };
      await board.setLogLevel(levels, { signal });
      return levels;
    },
  ).option("--console <level>", "what goes to the board's console");
}

/** The level that a word names; `undefined` if there is no word. @throws `cli/bad-argument` */
function toLevel(what: string, word: string | undefined): BoardLogLevel | undefined {
  if (word === undefined || isBoardLogLevel(word)) return word;
  const levels = boardLogLevels.join(", ");
  throw cliErrors.create("cli/bad-argument", `${what} takes one of ${levels}, got "${word}"`);
}

/** Commands that do not ask one board. */
function addOtherCommands(board: Command, signal: AbortSignal): void {
  board
    .command("log")
    .alias("view")
    .description("shows the last lines of the log; with -f those that come, until Ctrl-C")
    .option("-f, --follow", "show lines as they come")
    .option("-n, --lines <n>", "how many of the last lines; a board keeps 1000", parseWhole(1, 1000), 100)
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<BoardOptions & { follow?: boolean; lines: number }>();
      const json = options.json ?? false;
      if (options.follow) {
        const { config, base } = readBoardPlace(options);
        const topic = toLogTopic(base);
        const open = prepareBoard(options, base, signal);
        const follow = () => withClient(config, (client) => followLog(client, topic, open, json, signal));
        await untilInterrupted(signal, follow);
        return;
      }
      await withBoard(options, signal, async (one) => {
        for (const line of await one.recentLog({ lines: options.lines, signal })) printLogLine(line, json);
      });
    });
  board
    .command("list")
    .description("lists the boards that have announced themselves at the broker")
    .option("--wait <ms>", "how long announcements are awaited", parseWhole(50, 60_000), 500)
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<BoardOptions & { wait: number }>();
      const { boards, leftOut } = await withClient(readBoardPlace(options).config, async (client) => {
        await awaitBroker(client, options, signal);
        return await findBoards(client, options.wait, signal);
      });
      if (options.json) for (const { prefix, info } of boards) printLine(toJsonLine({ prefix, ...info }));
      else if (boards.length === 0) printLine("No board has announced itself; those that run mqrepl do not.");
      else printBoards(boards);
      if (leftOut > 0)
        printError(`announcements left out: ${leftOut}; too long for a board's, or behind too many others`);
    });
  board
    .command("key <file>")
    .description(
      "makes a private key for signing, and prints the public key that boards are told to trust; that of a key that is there already as well",
    )
    .action((file: string, _own: unknown, command: Command) => {
      const { publicKey, made } = findOrMakeKey(file);
      if (!made) printError(`${file} is there already: nothing was made, this is its public key`);
      printLine(command.optsWithGlobals<BoardOptions>().json ? toJsonLine({ publicKey }) : publicKey);
    });
  board
    .command("sign <image>")
    .description("prints an image's signature by the key of --sign; in IMAGE.sig, `ota` finds it")
    .action((path: string, _own: unknown, command: Command) => {
      const { sign, json } = command.optsWithGlobals<BoardOptions>();
      const keyFile = sign ?? process.env["MOTEQ_SIGN"];
      if (keyFile === undefined)
        throw cliErrors.create("cli/bad-argument", "sign needs --sign FILE, the private key");
      const signature = signImage(readLocal(path), keyFile);
      printLine(json ? toJsonLine({ signature }) : signature);
    });
}
