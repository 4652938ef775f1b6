import { show } from "../../base/index.ts";
import type { Conversation } from "./conversation.ts";
import { dongleErrors } from "./errors.ts";

const [interrupt, rawMode, friendlyMode, execute] = ["\x03", "\x01", "\x02", "\x04"];
const banner = "raw REPL; CTRL-B to exit\r\n>";
/** Between two attempts to get the board's attention, in milliseconds. */
const attemptMs = 500;
/** How long nothing comes when an attempt has been answered in full. */
const quietMs = 100;
/** How long a step may take, in milliseconds. Writing to flash memory can take most of a second. */
const stepMs = 10_000;

/**
 * The raw REPL of a MicroPython board: the way in which tools give it Python to run. Pieces of code are kept shorter
 * than the 260 bytes that a board's serial line holds, and each is answered before the next: nothing can overflow.
 */
export class RawRepl {
  /** The longest piece of code for `run`, in bytes. */
  static readonly longestCode = 240;
  readonly #conversation: Conversation;

  private constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /**
   * Stops whatever the board runs and brings it to its raw REPL.
   *
   * @param patienceMs how long to try, in milliseconds
   * @throws `dongle/no-answer`, `dongle/not-micropython`
   */
  static async enter(conversation: Conversation, patienceMs = 3000): Promise<RawRepl> {
    conversation.forget();
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += attemptMs) {
      conversation.say(`\r${interrupt}${interrupt}\r${rawMode}`);
      if ((await conversation.until(banner, attemptMs)) === undefined) continue;
      while ((await conversation.until(banner, quietMs)) !== undefined);
      const repl = new RawRepl(conversation);
      // An interrupt that came late would hit the first piece of code.
      await repl.run("pass").catch(() => repl.run("pass"));
      return repl;
    }
    const heard = conversation.rest;
    if (heard === "") {
      const why = "nothing answers there: no MicroPython, or it hangs. Unplug it and plug it in again";
      throw dongleErrors.create("dongle/no-answer", why);
    }
    const why = `what is there is no MicroPython; it said ${show(heard.slice(-40))}`;
    throw dongleErrors.create("dongle/not-micropython", why, { detail: { heard } });
  }

  /**
   * Runs a piece of Python, up to `longestCode` bytes of it, and gives what it printed.
   *
   * @throws `dongle/install-failed` with the last line of the board's traceback
   */
  async run(code: string): Promise<string> {
    const conversation = this.#conversation;
    conversation.say(code + execute);
    const accepted = await conversation.until("OK", stepMs);
    const output = accepted === undefined ? undefined : await conversation.until("\x04", stepMs);
    const complaint = output === undefined ? undefined : await conversation.until("\x04>", stepMs);
    if (output === undefined || complaint === undefined) {
      const why = `the board did not answer ${show(code)}; it said ${show(conversation.rest.slice(-40))}`;
      throw dongleErrors.create("dongle/install-failed", why);
    }
    if (complaint !== "") {
      const last = complaint.trim().split("\n").at(-1) ?? "";
      throw dongleErrors.create("dongle/install-failed", `the board says ${last}`, { detail: { complaint } });
    }
    return output.replaceAll("\r\n", "\n");
  }

  /** Restarts the board, which ends the conversation. Waits until it is about to. */
  async restart(): Promise<void> {
    this.#conversation.say(`import machine\nmachine.reset()${execute}`);
    await this.#conversation.until("OK", stepMs);
  }

  /** Leaves the board at its friendly prompt. */
  leave(): void {
    this.#conversation.say(`\r${friendlyMode}`);
  }
}
