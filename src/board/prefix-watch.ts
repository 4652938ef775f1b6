import type { BoardInfo } from "../wire/index.ts";

/** What a {@link PrefixWatch} hears: what somebody announced as a board's information. */
export interface Announcement {
  readonly info: Pick<BoardInfo, "state" | "session">;
  /** Whether the broker had kept it. */
  readonly retain: boolean;
}

/**
 * Notices a second board with the same prefix, by the information that it announces: the two would answer each other's
 * commands, and with one client id take the connection from each other for ever.
 */
export class PrefixWatch {
  readonly #isOwn: (session: string) => boolean;
  /** The session that was announced before this agent's own: that of the agent that ran here until now, as a rule. */
  #former: string | undefined;

  /** @param isOwn whether a session is, or was, this agent's */
  constructor(isOwn: (session: string) => boolean) {
    this.#isOwn = isOwn;
  }

  /** Whether this was announced by another board that runs now. */
  isForeign({ info, retain }: Announcement): boolean {
    if (info.state !== "online" || info.session === "") return false;
    if (this.#isOwn(info.session)) {
      this.#former ??= "";
      return false;
    }
    if (retain) this.#former ??= info.session;
    return !retain || this.#former !== info.session;
  }
}
