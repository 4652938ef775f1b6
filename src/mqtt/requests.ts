import { Ring } from "../base/index.ts";
import { Deferred } from "./deferred.ts";
import { firstFailure, type OutgoingPacket, type SubscriptionRequest } from "./packets.ts";

/**
 * A SUBSCRIBE or UNSUBSCRIBE on its way, and the promise of whoever waits for it: of the broker's return code for each
 * filter, none for UNSUBSCRIBE. The client's own requests, with which it restores what the broker has forgotten, have
 * many filters; a caller's has one.
 */
export class Request extends Deferred<readonly number[]> {
  readonly type: "subscribe" | "unsubscribe";
  readonly subscriptions: readonly SubscriptionRequest[];
  /** Whether the client itself asks, to restore subscriptions. */
  readonly restores: boolean;
  /** Whether it went out on the present connection. */
  sent = false;

  constructor(
    type: "subscribe" | "unsubscribe",
    subscriptions: readonly SubscriptionRequest[],
    restores = false,
  ) {
    super();
    this.type = type;
    this.subscriptions = subscriptions;
    this.restores = restores;
  }

  /** As the packet that carries it. */
  toPacket(packetId: number): OutgoingPacket {
    const { subscriptions } = this;
    return this.type === "subscribe"
      ? { type: "subscribe", packetId, subscriptions }
      : { type: "unsubscribe", packetId, filters: subscriptions.map(({ filter }) => filter) };
  }
}

/** How many filters one SUBSCRIBE restores: the strictest of the large brokers takes no more. */
const filtersAtOnce = 8;
/** How many requests are under way at once; further ones wait. */
const requestsAtOnce = 100;

/** The requests that have not been answered, and the subscriptions that the broker has granted. */
export class Requests {
  #outstanding: Map<number, Request> | undefined;
  #queued: Ring<Request> | undefined;
  /** What has to be restored when the broker has lost the session. */
  #granted: Map<string, SubscriptionRequest> | undefined;

  /** How many went out and are not answered. */
  get outstanding(): number {
    return this.#outstanding?.size ?? 0;
  }

  get isIdle(): boolean {
    return !this.#outstanding?.size && !this.#queued?.size;
  }

  get(packetId: number): Request | undefined {
    return this.#outstanding?.get(packetId);
  }

  values(): Request[] {
    return [...(this.#outstanding?.values() ?? []), ...(this.#queued ?? [])];
  }

  add(request: Request): void {
    (this.#queued ??= new Ring(Infinity)).push(request);
  }

  /** The next one to go out; `undefined` if there is none or enough are under way. */
  take(): Request | undefined {
    if (this.outstanding >= requestsAtOnce) return undefined;
    for (let next = this.#queued?.shift(); next; next = this.#queued?.shift()) {
      if (!next.settled) return next;
    }
    return undefined;
  }

  /** Notes that a request went out under this id. */
  sent(packetId: number, request: Request): void {
    request.sent = true;
    (this.#outstanding ??= new Map()).set(packetId, request);
  }

  /** Takes the broker's answer, which must fit the request; returns the filters that were refused. */
  answer(packetId: number, request: Request, reasonCodes: readonly number[]): string[] {
    this.#outstanding?.delete(packetId);
    const refused: string[] = [];
    for (const [index, subscription] of request.subscriptions.entries()) {
      const { filter } = subscription;
      if (request.type === "unsubscribe") this.#granted?.delete(filter);
      else if ((reasonCodes[index] ?? 0) >= firstFailure) refused.push(filter);
      else (this.#granted ??= new Map()).set(filter, subscription);
    }
    request.resolve(reasonCodes);
    return refused;
  }

  /** Gives a request up. */
  remove(request: Request): void {
    this.#outstanding?.forEach((outstanding, packetId, all) => {
      if (outstanding === request) all.delete(packetId);
    });
  }

  /** The caller's request that is the first in line, if it went out and nothing is restored before it. */
  firstUnanswered(): Request | undefined {
    const [first] = this.#outstanding?.values() ?? [];
    return first?.restores ? undefined : first;
  }

  /** Whatever was not answered goes out again, behind what the broker has forgotten. */
  connect(sessionPresent: boolean): void {
    // A restoration that was cut short goes on, unless it begins anew.
    const waiting = this.values().filter(
      (request) => !request.settled && (sessionPresent || !request.restores),
    );
    this.#outstanding = undefined;
    this.#queued = undefined;
    if (!sessionPresent) {
      const granted = [...(this.#granted?.values() ?? [])];
      for (let index = 0; index < granted.length; index += filtersAtOnce) {
        this.add(new Request("subscribe", granted.slice(index, index + filtersAtOnce), true));
      }
    }
    for (const request of waiting) {
      request.sent = false;
      this.add(request);
    }
  }
}
