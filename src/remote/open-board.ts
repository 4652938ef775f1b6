import type { AbortSignalLike, Clock, Signer, Timer } from "../base/index.ts";
import type { RemoteBoard } from "./board.ts";
import { remoteErrors } from "./errors.ts";
import { Exchange, type RemoteServices } from "./exchange.ts";
import { MqreplBoard } from "./mqrepl-board.ts";
import { NativeBoard } from "./native-board.ts";

/** How long a board may be silent while something is awaited of it, unless the caller says so, in milliseconds. */
const silentMs = 60_000;
/** Likewise, how soon one that is there answers the first question. */
const firstAnswerMs = 10_000;
/** It is asked anew after so long, and twice as long each time up to the longest: it may be starting just now. */
const [askAgainMs, longestPatienceMs] = [1000, 10_000];

/** How a board is found and driven. */
export interface OpenBoardOptions extends RemoteServices {
  /** Its base topic: `toBoardBase(prefix)`. */
  readonly base: string;
  /**
   * How long it may be silent while something is awaited of it, in milliseconds. Default 60,000, and 10,000 for its first
   * answer.
   */
  readonly timeoutMs?: number;
  /** Signs every command, for boards that ask for that. */
  readonly signer?: Signer | undefined;
  /** What kind of board it is. Default: the board is asked. */
  readonly dialect?: "native" | "mqrepl" | undefined;
}

/**
 * Opens the way to a board, and finds out which kind it is: an original mqrepl says that it has no command `call`.
 *
 * @example
 * const client = connect("mqtt://broker.example");
 * const board = await openBoard({ client, clock: systemClock, cryptography: systemCryptography, base: toBoardBase("shed") });
 * for (const { name, size } of await board.list("/")) print(name, size);
 *
 * @throws `remote/no-answer`, and what subscribing throws
 */
export async function openBoard(options: OpenBoardOptions, signal?: AbortSignalLike): Promise<RemoteBoard> {
  const { timeoutMs = silentMs, signer, dialect } = options;
  const exchange = await Exchange.open({ ...options, timeoutMs }, signal);
  const native = new NativeBoard(exchange, signer);
  if (dialect === "mqrepl") return new MqreplBoard(exchange);
  try {
    await askFirst(native, options.timeoutMs ?? firstAnswerMs, options.clock, signal);
    native.watch();
    return native;
  } catch (error) {
    const { text } = remoteErrors.is(error, "remote/refused") ? error.detail : {};
    const isMqrepl = dialect === undefined && typeof text === "string" && text.includes("not supported");
    if (isMqrepl && !signer) return new MqreplBoard(exchange);
    await exchange.close();
    if (!isMqrepl) throw error;
    // Anybody could have said so, to be sent what is not signed.
    const message = `the board at ${options.base} says that it runs mqrepl, which takes no signatures; --dialect mqrepl speaks to it without`;
    throw remoteErrors.create("remote/unsupported", message);
  }
}

/** Asks, and asks again: it may be starting just now. Whichever answer comes first counts, on a slow line too. */
async function askFirst(
  board: NativeBoard,
  limitMs: number,
  clock: Clock,
  signal: AbortSignalLike | undefined,
): Promise<void> {
  const end = clock.monotonic() + limitMs;
  let settle = { resolve: (): void => {}, reject: (_error: unknown): void => {} };
  const answered = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  for (let patienceMs = askAgainMs; ; patienceMs = Math.min(patienceMs * 2, longestPatienceMs)) {
    const leftMs = Math.max(1, end - clock.monotonic());
    board.info({ signal, timeoutMs: leftMs }).then(() => settle.resolve(), settle.reject);
    let timer: Timer | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = clock.setTimer(Math.min(patienceMs, leftMs + 1), () => resolve("late"));
    });
    try {
      if ((await Promise.race([answered, late])) !== "late") return;
    } catch (error) {
      if (!remoteErrors.is(error, "remote/no-answer")) throw error;
      const message = `no board answers at ${board.base} for ${limitMs / 1000} s: is it on, has it this prefix, is it at this broker?`;
      throw remoteErrors.create("remote/no-answer", message, { cause: error });
    } finally {
      timer?.cancel();
    }
  }
}
