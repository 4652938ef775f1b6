import { decodeUtf8, encodeUtf8, messageOf, MoteqError } from "../base/index.ts";
import {
  bridgeQuestions,
  type BridgeRequests,
  type BridgeResponse,
  toRequestTopic,
  toResponseTopic,
} from "../topics/index.ts";
import type { Answers } from "./answers.ts";
import type { BrokerLink, BrokerMessage } from "./broker-link.ts";
import { digestText } from "./digest.ts";
import { gatewayErrors } from "./errors.ts";
import type { Journal } from "./journal.ts";
import { showText } from "./report-text.ts";
import { longestTransaction } from "./request-shapes.ts";
import type { Reports } from "./reports.ts";

/** The longest request that is read, in bytes. */
const maximumBytes = 65_536;
/** How many requests may be under way at once. */
const maximumUnderWay = 64;

/** What answers one kind of request: checks it, does it, gives the data of the answer. @throws a `MoteqError`: what is wrong */
export type RequestHandler<Name extends keyof BridgeRequests> = (
  request: Record<string, unknown>,
  transaction: string | undefined,
) => BridgeRequests[Name]["data"] | Promise<BridgeRequests[Name]["data"]>;

/** The handlers by the names of the requests. */
export type RequestHandlers = { readonly [Name in keyof BridgeRequests]: RequestHandler<Name> };

/** What requests stand on. */
export interface RequestsOptions {
  readonly base: string;
  readonly link: BrokerLink;
  readonly journal: Journal;
  readonly answers: Answers;
  readonly reports: Reports;
  readonly handlers: RequestHandlers;
}

/**
 * Answers what is asked on `moteq/bridge/request/…`. A request that comes twice with one transaction, as the broker may bring
 * it, is answered twice and done once.
 */
export class Requests {
  readonly #options: RequestsOptions;
  /** What the topics of requests begin with. */
  readonly #root: string;
  #underWay = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#root = toRequestTopic(options.base, "");
  }

  /** The filter of all requests. */
  get filter(): string {
    return `${this.#root}#`;
  }

  /** Whether a message is a request. */
  isRequest(topic: string): boolean {
    return topic.startsWith(this.#root);
  }

  /** Whether a request may change something; the others only ask. */
  changes(name: string): boolean {
    return isName(this.#options.handlers, name) && !bridgeQuestions.has(name);
  }

  /** The same by its topic. */
  changesBy(topic: string): boolean {
    return this.changes(topic.slice(this.#root.length));
  }

  /** Does what is asked; `false` if it is not to be done at all. What is to be done is begun when this returns. */
  take({ topic, payload, retain }: BrokerMessage): boolean {
    const { reports } = this.#options;
    if (retain) {
      // The broker would bring it at each start.
      reports.trouble("status", "retained-request", () => {
        return `Warning: the retained message on ${showText(topic)} is ignored; publish requests without retain`;
      });
      return false;
    }
    const name = topic.slice(this.#root.length);
    if (this.#underWay >= maximumUnderWay) {
      reports.trouble("status", "requests", () => `Requests are dropped: ${maximumUnderWay} are under way`);
      return false;
    }
    this.#underWay++;
    void this.#answer(name, payload);
    return true;
  }

  /** Never rejects. */
  async #answer(name: string, payload: Uint8Array): Promise<void> {
    const { base, link } = this.#options;
    const response = await this.#respond(name, payload);
    this.#underWay--;
    link
      .publish(toResponseTopic(base, name), encodeUtf8(JSON.stringify(response)), {
        qos: this.changes(name) ? 1 : 0,
      })
      .catch(() => {});
  }

  #respond(name: string, payload: Uint8Array): Promise<BridgeResponse> {
    const { answers } = this.#options;
    let transaction: string | number | undefined;
    try {
      const { transaction: given, ...request } = parse(payload);
      if (typeof given === "string" || typeof given === "number") transaction = given;
      if (transaction === undefined || !this.changes(name)) return this.#do(name, request, transaction);
      assertShort(transaction);
      const digest = digestText(JSON.stringify(request));
      const before = answers.find(name, transaction, digest);
      if (before) return Promise.resolve(before);
      const made = transaction;
      const answer = this.#do(name, request, transaction, (response) =>
        answers.note(name, made, digest, response),
      );
      answers.begin(name, transaction, digest, answer);
      return answer;
    } catch (error) {
      return Promise.resolve(toErrorResponse(error, transaction));
    }
  }

  /**
   * @param note is told the answer as soon as it is known: what is done at once is journaled in one batch with it, and what
   *   is not, right behind it
   */
  async #do(
    name: string,
    request: Record<string, unknown>,
    transaction: string | number | undefined,
    note: (response: BridgeResponse) => void = () => {},
  ): Promise<BridgeResponse> {
    const { handlers, journal, reports } = this.#options;
    let response: BridgeResponse;
    try {
      if (!isName(handlers, name)) {
        const known = Object.keys(handlers).join(", ");
        throw gatewayErrors.create(
          "gateway/unknown-request",
          `there is no request ${showText(name)}; there are ${known}`,
        );
      }
      const data = handlers[name](request, transaction === undefined ? undefined : String(transaction));
      response = { transaction, status: "ok", data: data instanceof Promise ? await data : data };
    } catch (error) {
      if (!(error instanceof MoteqError)) {
        reports.trouble(
          "errors",
          "defect",
          () => `A request met a defect of the gateway: ${messageOf(error)}`,
        );
      }
      response = toErrorResponse(error, transaction);
    }
    note(response);
    // Yes is said when a power cut could not take it back; no is said at once, also where the store is the reason.
    if (response.status === "ok" && this.changes(name)) await journal.flushed();
    return response;
  }
}

/** @throws `gateway/bad-request` */
function assertShort(transaction: string | number): void {
  const { length } = String(transaction);
  if (length <= longestTransaction) return;
  throw gatewayErrors.create(
    "gateway/bad-request",
    `transaction: expected ${longestTransaction} characters at most, got ${length}`,
  );
}

function isName(handlers: RequestHandlers, name: string): name is keyof BridgeRequests {
  return Object.hasOwn(handlers, name);
}

/** A request's JSON object; empty bytes are an empty one. @throws `gateway/bad-request` */
function parse(payload: Uint8Array): Record<string, unknown> {
  if (payload.length > maximumBytes) {
    throw gatewayErrors.create(
      "gateway/bad-request",
      `a request has ${maximumBytes} bytes at most, got ${payload.length}`,
    );
  }
  const text = decodeUtf8(payload) ?? "";
  if (payload.length > 0 && text === "")
    throw gatewayErrors.create("gateway/bad-request", "a request is text (UTF-8)");
  try {
    const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw gatewayErrors.create("gateway/bad-request", `a request is a JSON object, got ${showText(text)}`);
}

function toErrorResponse(error: unknown, transaction: string | number | undefined): BridgeResponse {
  const code = error instanceof MoteqError ? error.code : "gateway/defect";
  return { transaction, status: "error", error: messageOf(error), code };
}
