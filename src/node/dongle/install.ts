import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AbortSignalLike, throwIfAborted } from "../../base/index.ts";
import {
  beginningOf,
  type BoardServices,
  enterPrompt,
  firmwareMark,
  identify,
  restartDongle,
} from "./board.ts";
import { dongleErrors } from "./errors.ts";
import type { RawRepl } from "./raw-repl.ts";

/** How the firmware is brought to a board. */
export interface InstallOptions extends BoardServices {
  /** What is brought. Default: the firmware that this moteq comes with. */
  readonly firmware?: string;
  /** Puts a `main.py` that is not moteq's aside, as `main_before_moteq.py`. Default: such a board is left alone. */
  readonly force?: boolean;
  /** Ends it between two pieces. What is on the board until then is not used. */
  readonly signal?: AbortSignalLike;
  /** Is told what happens, and how far it is. */
  readonly progress?: (step: string, done?: number, total?: number) => void;
}

/** How many bytes of the file go with one piece of code: with what stands around them, fewer than a board keeps. */
const pieceBytes = 120;
/** Where the file is until it is known to be whole. */
const temporary = "moteq.tmp";
/** Where a `main.py` goes that is not moteq's. */
const aside = "main_before_moteq";

/** One that was put aside before is kept too. */
const putAsideCode = `import os
n='${aside}.py'
k=2
while n in os.listdir():
 n='${aside}_%d.py'%k
 k+=1
os.rename('main.py',n)`;

/** The firmware that this moteq comes with. */
export function readFirmware(): string {
  return readFileSync(fileURLToPath(new URL("../../../firmware/dongle.py", import.meta.url)), "utf8");
}

/**
 * Makes a dongle of a board with MicroPython: writes the firmware to it, compares its digest, has it start at boot, and
 * restarts the board.
 *
 * @returns what the board is
 * @throws what opening its port throws; `dongle/no-answer`, `dongle/not-micropython`, `dongle/no-espnow`,
 *   `dongle/occupied`, `dongle/install-failed`
 */
export async function installFirmware(options: InstallOptions): Promise<string> {
  const { firmware = readFirmware(), force = false, progress = () => {} } = options;
  progress("stopping what the board runs");
  // One whose file is of another kind, or that speaks something else, is stopped with Ctrl-C.
  await restartDongle(options, true).catch((error: unknown) => {
    if (!dongleErrors.is(error, "dongle/not-installed")) throw error;
  });
  const { repl, conversation } = await enterPrompt(options);
  try {
    const board = await identify(repl);
    const putAside = await isOccupied(repl, force);
    const bytes = Buffer.from(firmware);
    await writeFile(repl, bytes, options.signal, progress);
    progress("comparing its digest");
    await compare(repl, bytes);
    // Not before the new one is whole: until then the board starts what it has always started.
    if (putAside) await repl.run(putAsideCode);
    await repl.run(
      `import os\ntry:\n os.remove('main.py')\nexcept OSError:\n pass\nos.rename('${temporary}','main.py')`,
    );
    progress("restarting the board");
    await repl.restart();
    return board;
  } catch (error) {
    repl.leave();
    throw error;
  } finally {
    await conversation.close();
  }
}

/**
 * Whether the board has a `main.py` that has to be put aside.
 *
 * @throws `dongle/occupied`
 */
async function isOccupied(repl: RawRepl, force: boolean): Promise<boolean> {
  const beginning = await beginningOf(repl, "main.py");
  if (beginning === undefined || beginning === "" || beginning === firmwareMark) return false;
  if (!force) {
    const why =
      "the board has a main.py of its own, which would no longer run. With --force it is kept as main_before_moteq.py";
    throw dongleErrors.create("dongle/occupied", why);
  }
  return true;
}

async function writeFile(
  repl: RawRepl,
  bytes: Buffer,
  signal: AbortSignalLike | undefined,
  progress: (step: string, done: number, total: number) => void,
): Promise<void> {
  await repl.run(`from binascii import a2b_base64 as d\nf=open('${temporary}','wb')`);
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    throwIfAborted(signal);
    progress("writing the file", start, bytes.length);
    const piece = bytes.subarray(start, start + pieceBytes);
    const written = await repl.run(`print(f.write(d(b'${piece.toString("base64")}')))`);
    if (Number(written) !== piece.length) {
      const why = `the board wrote ${written.trim()} of ${piece.length} bytes: is its file system full?`;
      throw dongleErrors.create("dongle/install-failed", why);
    }
  }
  await repl.run("f.close()");
  progress("writing the file", bytes.length, bytes.length);
}

/** @throws `dongle/install-failed` */
async function compare(repl: RawRepl, bytes: Buffer): Promise<void> {
  await repl.run(`import hashlib,binascii\nh=hashlib.sha256()\nf=open('${temporary}','rb')`);
  await repl.run("while 1:\n b=f.read(256)\n if not b:\n  break\n h.update(b)\nf.close()");
  const found = (await repl.run("print(binascii.hexlify(h.digest()).decode())")).trim();
  const expected = createHash("sha256").update(bytes).digest("hex");
  if (found === expected) return;
  const why = `the file on the board has the digest ${found.slice(0, 16)}…, not ${expected.slice(0, 16)}…: try again`;
  throw dongleErrors.create("dongle/install-failed", why);
}
