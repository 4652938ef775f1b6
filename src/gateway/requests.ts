import { decodeUtf8, encodeUtf8, messageOf, MoteqError } from "../base/index.ts";
import {
  type BridgeRequests,
  type BridgeResponse,
  toRequestTopic,
  toResponseTopic,
} from "../topics/index.ts";
import type { BrokerLink, BrokerMessage } from "./broker-link.ts";
import { gatewayErrors } from "./errors.ts";
import { showText } from "./report-text.ts";
import type { Reports } from "./reports.ts";

/** The longest request that is read, in bytes. */
const maximumBytes = 65_536;
/** How many answers are remembered, for requests that the broker brings twice. */
const rememberedAnswers = 256;
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
  readonly #answers = new Map<string, Promise<BridgeResponse>>();
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
      .publish(toResponseTopic(base, name), encodeUtf8(JSON.stringify(response)), { qos: 1 })
      .catch(() => {});
  }

  #respond(name: string, payload: Uint8Array): Promise<BridgeResponse> {
    let request: Record<string, unknown>;
    try {
      request = parse(payload);
    } catch (error) {
      return Promise.resolve(toErrorResponse(error, undefined));
    }
    const { transaction: given, ...rest } = request;
    const transaction = typeof given === "string" || typeof given === "number" ? given : undefined;
    if (transaction === undefined) return this.#do(name, rest, undefined);
    const key = `${name} ${transaction}`;
    const before = this.#answers.get(key);
    if (before) return before;
    const answer = this.#do(name, rest, transaction);
    this.#answers.set(key, answer);
    if (this.#answers.size > rememberedAnswers) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    return answer;
  }

  async #do(
    name: string,
    request: Record<string, unknown>,
    transaction: string | number | undefined,
  ): Promise<BridgeResponse> {
    const { handlers, reports } = this.#options;
    try {
      if (!isName(handlers, name)) {
        const known = Object.keys(handlers).join(", ");
        throw gatewayErrors.create(
          "gateway/unknown-request",
          `there is no request ${showText(name)}; there are ${known}`,
        );
      }
      const data = await handlers[name](request, transaction === undefined ? undefined : String(transaction));
      return { transaction, status: "ok", data };
    } catch (error) {
      if (!(error instanceof MoteqError)) {
        reports.trouble(
          "errors",
          "defect",
          () => `A request met a defect of the gateway: ${messageOf(error)}`,
        );
      }
      return toErrorResponse(error, transaction);
    }
  }
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
