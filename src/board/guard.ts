import { type Clock, Counters, type Cryptography, equalBytes, Ring, toHex } from "../base/index.ts";
import { type BoardRequest, decodeBoardRequest, decodeCall, type IgnoredReason } from "../wire/index.ts";
import { boardErrors } from "./errors.ts";

/** Callers that are remembered in one session; with one more a new session begins. */
const mostCallers = 64;
/** Commands of the original program that are remembered, so that none is done twice. */
const rememberedIds = 256;
/**
 * How much of each second may go into signatures that do not hold, in milliseconds. Anybody can send those; the watchdog's feed and
 * some of an operator's calls must get through between them.
 */
const wastedMs = 250;

/** Decides which commands a board takes. */
export class Guard {
  /** What was not taken and is not answered, since whoever sent it has had an answer or wants none. */
  readonly ignored = new Counters<IgnoredReason>();
  /** Names this run of the agent; 16 bytes. */
  session: Uint8Array;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #cryptography: Cryptography;
  readonly #trusted: readonly Uint8Array[];
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Set<string>();
  readonly #idsInOrder = new Ring<string>(rememberedIds);
  readonly #onNewSession: () => void;
  /** When this second began, and what went of it into signatures that do not hold. */
  #secondAt = 0;
  #wasted = 0;

  /** @param trusted public keys of 32 bytes; with none, the broker's access rules decide */
  constructor(
    clock: Pick<Clock, "monotonic">,
    cryptography: Cryptography,
    trusted: readonly Uint8Array[],
    onNewSession: () => void,
  ) {
    this.#clock = clock;
    this.#cryptography = cryptography;
    this.#trusted = trusted;
    this.#onNewSession = onNewSession;
    this.session = cryptography.randomBytes(16);
  }

  /** Whether only signed commands are taken. */
  get signed(): boolean {
    return this.#trusted.length > 0;
  }

  /**
   * Takes a native command; `undefined` if it came before and is not to be done again, or so many come with bad signatures that
   * its own cannot be looked at.
   *
   * @param isOwn whether the board itself sent it, byte for byte: then it needs no signature and no session
   * @throws `board/bad-command`, `board/unsigned`, `board/untrusted`, `board/session`
   */
  admitCall(topic: string, body: Uint8Array, isOwn = false): BoardRequest | undefined {
    const call = decodeCall(topic, body);
    if ("fault" in call) throw boardErrors.create("board/bad-command", `the call ${call.fault}`);
    const request = decodeBoardRequest(call.request);
    if ("fault" in request) throw boardErrors.create("board/bad-command", `the request ${request.fault}`);
    // What it says is announced to everybody anyway, and callers learn the session by it.
    if (isOwn || request.do === "info") return request;
    if (this.signed) {
      if (!call.proof) throw unsignedError();
      if (this.#hasWastedMuch()) {
        this.ignored.add("unchecked");
        return undefined;
      }
      this.#assertSignature(call.proof);
    }
    if (!equalBytes(call.session, this.session)) {
      throw boardErrors.create("board/session", toHex(this.session));
    }
    const caller = toHex(call.caller);
    if (call.number <= (this.#numbers.get(caller) ?? 0)) {
      this.ignored.add("repeated");
      return undefined;
    }
    if (!this.#numbers.has(caller) && this.#numbers.size >= mostCallers) {
      // Forgetting one caller would let its commands be brought again; a new session makes all of them void.
      this.#numbers.clear();
      this.session = this.#cryptography.randomBytes(16);
      this.#onNewSession();
      throw boardErrors.create("board/session", toHex(this.session));
    }
    this.#numbers.set(caller, call.number);
    return request;
  }

  /** Whether a command of the original program, which has an id and no more, is new. @throws `board/unsigned` */
  admitClassic(id: string): boolean {
    if (this.signed) throw unsignedError();
    if (this.#ids.has(id)) {
      this.ignored.add("repeated");
      return false;
    }
    const forgotten = this.#idsInOrder.pushEvicting(id);
    if (forgotten !== undefined) this.#ids.delete(forgotten);
    this.#ids.add(id);
    return true;
  }

  /** Sees to it that an image may boot here: with keys, one of them has signed it. @throws `board/untrusted` */
  assertImageSignature(message: Uint8Array, signature: Uint8Array | undefined): void {
    if (!this.signed) return;
    const holds =
      signature && this.#trusted.some((key) => this.#cryptography.verify(key, message, signature));
    if (holds) return;
    const what = signature
      ? "the image's signature does not hold for any key that the board trusts"
      : "the image is not signed";
    throw boardErrors.create("board/untrusted", what);
  }

  #assertSignature(proof: { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }): void {
    if (!this.#trusted.some((key) => equalBytes(key, proof.publicKey))) {
      const start = toHex(proof.publicKey).slice(0, 16);
      throw boardErrors.create("board/untrusted", `the board does not trust the key ${start}…`);
    }
    const before = this.#clock.monotonic();
    if (this.#cryptography.verify(proof.publicKey, proof.message, proof.signature)) return;
    this.#wasted += this.#clock.monotonic() - before;
    throw boardErrors.create("board/untrusted", "the signature does not hold for this command");
  }

  #hasWastedMuch(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#secondAt >= 1000) {
      this.#secondAt = now;
      this.#wasted = 0;
    }
    return this.#wasted >= wastedMs;
  }
}

function unsignedError(): Error {
  return boardErrors.create(
    "board/unsigned",
    "this board takes only signed commands: give the key with --sign FILE",
  );
}
