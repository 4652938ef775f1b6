import { type Clock, Counters, createAborter, type Random, sleep } from "../../base/index.ts";
import { Conversation } from "./conversation.ts";
import { dongleErrors } from "./errors.ts";
import { type DonglePlace, dongleBaudRate, openPatiently, promptBaudRate } from "./place.ts";
import { RawRepl } from "./raw-repl.ts";
import { DongleSession } from "./session.ts";

/** What working on a board needs. */
export interface BoardServices {
  readonly place: DonglePlace;
  readonly clock: Clock;
  readonly random: Random;
}

/** A board at its prompt. */
export interface BoardAtPrompt {
  readonly repl: RawRepl;
  readonly conversation: Conversation;
}

/** How the first line of moteq's file begins, so that it is known again. */
export const firmwareMark = "# moteq's dongle";

/** How long a board may take to restart, its port vanishing and coming back meanwhile, in milliseconds. */
const restartMs = 8000;
/** How long a dongle is listened for: one whose host has just gone needs a second to notice. */
const listenMs = 2000;

/**
 * Restarts a dongle, if there is one.
 *
 * @returns whether there was one
 */
export async function restartDongle(services: BoardServices, toPrompt: boolean): Promise<boolean> {
  const { place, clock, random } = services;
  const port = await place.open(dongleBaudRate)({});
  const ended = createAborter();
  const end = () => ended.abort(new Error("the dongle has restarted"));
  const session = await DongleSession.start(port, listenMs, {
    clock,
    random,
    counters: new Counters(),
    onFrame: () => {},
    onTrouble: () => {},
    onEnd: end,
  });
  if (!session) return false;
  session.restart(toPrompt);
  await sleep(clock, restartMs, ended.signal).catch(() => {});
  await session.close();
  return true;
}

/**
 * Brings a board to its prompt, whatever it runs.
 *
 * @throws what opening throws; `dongle/no-answer`, `dongle/not-micropython`
 */
export async function enterPrompt(services: BoardServices, patienceMs = 3000): Promise<BoardAtPrompt> {
  const { place, clock } = services;
  const port = await openPatiently(place.open(promptBaudRate), clock, restartMs);
  const conversation = new Conversation(port, clock);
  try {
    return { conversation, repl: await RawRepl.enter(conversation, patienceMs) };
  } catch (error) {
    await conversation.close();
    throw error;
  }
}

/**
 * What a board at its prompt is, as `MicroPython 1.27.0 on ESP32C3 module`.
 *
 * @throws `dongle/no-espnow`
 */
export async function identify(repl: RawRepl): Promise<string> {
  const version = await repl.run("import sys\nprint('.'.join([str(n) for n in sys.implementation[1][:3]]))");
  const machine = await repl.run("print(getattr(sys.implementation,'_machine',sys.platform))");
  const name = `MicroPython ${version.trim()} on ${machine.trim()}`;
  const has = await repl.run("try:\n import espnow\n print('yes')\nexcept ImportError:\n print('no')");
  if (has.trim() === "yes") return name;
  const why = `${name} has no ESP-NOW: it takes an ESP32, S2, S3, C3 or C6 with MicroPython 1.21 or later`;
  throw dongleErrors.create("dongle/no-espnow", why, { detail: { board: name } });
}

/** The first bytes of a file on a board, as Latin-1: as many as `firmwareMark`; `undefined` if there is no such file. */
export async function beginningOf(repl: RawRepl, path: string): Promise<string | undefined> {
  const read = `binascii.hexlify(open('${path}','rb').read(${firmwareMark.length})).decode()`;
  const code = `import binascii\ntry:\n print('='+${read})\nexcept OSError:\n print('-')`;
  const answer = (await repl.run(code)).trim();
  return answer.startsWith("=") ? Buffer.from(answer.slice(1), "hex").toString("latin1") : undefined;
}

/** Says what is at a place where nothing says that it is a dongle. */
export async function diagnose(services: BoardServices): Promise<Error> {
  try {
    const { repl, conversation } = await enterPrompt(services, 1500);
    try {
      const name = await identify(repl);
      if ((await beginningOf(repl, "main.py")) === firmwareMark) {
        await repl.restart();
        const why = `the dongle (${name}) had been stopped at its prompt, and is restarted now: try again`;
        return dongleErrors.create("dongle/no-answer", why);
      }
      repl.leave();
      const remedy = "`moteq dongle install PORT` makes a dongle of it";
      return dongleErrors.create("dongle/not-installed", `there is ${name}, without moteq's file: ${remedy}`);
    } catch (error) {
      repl.leave();
      throw error;
    } finally {
      await conversation.close();
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
