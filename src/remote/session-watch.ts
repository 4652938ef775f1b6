import { decodeUtf8 } from "../base/index.ts";
import type { Subscription } from "../mqtt/index.ts";
import { decodeBoardInfo, toInfoTopic } from "../wire/index.ts";
import type { Conversation } from "./conversation.ts";
import { remoteErrors } from "./errors.ts";
import type { RemoteServices } from "./exchange.ts";

/**
 * What a board has still to say of a call when another session is there, in milliseconds: its answer may come behind the
 * announcement, and so may its refusal of a call that came too late for the old session.
 */
const lastWordMs = 1000;

/**
 * Hears a board announce that it was started anew, or has ended its agent: what it had under way then is not answered any
 * more. A board that is only called offline by the broker may come back and answer.
 */
export class SessionWatch {
  readonly #services: RemoteServices;
  readonly #base: string;
  readonly #onSession: (session: string) => void;
  /** The calls that are not answered, with the session in which each was made, and when by the clock. */
  readonly #calls = new Map<Conversation, { readonly session: string; readonly madeAt: number }>();
  readonly #onRestart = new Set<() => void>();
  /** The session that the board was last known to have, and when that was by the clock. */
  #known: { readonly session: string; readonly at: number } | undefined;
  #subscription: Promise<Subscription | undefined> | undefined;

  /** @param onSession is told which session the board has now, 32 hexadecimal digits */
  constructor(services: RemoteServices, base: string, onSession: (session: string) => void) {
    this.#services = services;
    this.#base = base;
    this.#onSession = onSession;
  }

  /**
   * Begins to listen. Who may not is told of the end of its calls by their timeout.
   *
   * @param session the one that the board has now, 32 hexadecimal digits
   */
  start(session: string): void {
    this.#known = { session, at: this.#services.clock.monotonic() };
    this.#subscription ??= this.#services.client
      .subscribe(toInfoTopic(this.#base), { qos: 1 }, ({ payload, retain }) => {
        // What the broker had kept may be older than what the board itself has answered.
        if (!retain) this.#hear(payload);
      })
      .catch(() => undefined);
  }

  /** Follows a call until it is answered. @param session the one it was made in, 32 hexadecimal digits */
  follow(call: Conversation, session: string): void {
    this.#calls.set(call, { session, madeAt: this.#services.clock.monotonic() });
    const forget = () => void this.#calls.delete(call);
    call.done.then(forget, forget);
  }

  /** Has `listener` called whenever the board was started anew. */
  onRestart(listener: () => void): void {
    this.#onRestart.add(listener);
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await (await subscription)?.unsubscribe().catch(() => {});
  }

  #hear(payload: Uint8Array): void {
    const info = decodeBoardInfo(decodeUtf8(payload) ?? "");
    if (!info || info.session === "") return;
    const isOnline = info.state === "online";
    const { clock } = this.#services;
    const now = clock.monotonic();
    // A board with many callers begins a session while it runs; one that was started anew is younger than what it forgot.
    const isNewSince = (session: string, at: number) => session !== info.session && now - at > info.uptimeMs;
    if (isOnline) {
      this.#onSession(info.session);
      const wasStarted = this.#known && isNewSince(this.#known.session, this.#known.at);
      this.#known = { session: info.session, at: now };
      if (wasStarted) for (const listener of this.#onRestart) listener();
    }
    const lost = [...this.#calls].filter(
      ([, { session, madeAt }]) => !isOnline || isNewSince(session, madeAt),
    );
    if (lost.length === 0) return;
    const what = isOnline ? "was started anew" : "ended";
    const message = `the board at ${this.#base} ${what} while it worked at this; whether it was done is not known`;
    clock.setTimer(lastWordMs, () => {
      for (const [call] of lost) call.fail(remoteErrors.create("remote/restarted", message));
    });
  }
}
