import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { format, inspect } from "node:util";
import { createContext, type Context, Script } from "node:vm";
import { type AbortSignalLike, withAbort } from "../../base/index.ts";
import { boardErrors, type Repl } from "../../board/index.ts";
import { TimeLimit } from "./time-limit.ts";

/** Node would look at the stack of what is thrown, which may be a getter that never ends, where no limit reaches it. */
const quietly = { displayErrors: false };
/** So many characters before the cursor are looked at to complete a word: in a long line that takes a pattern very long. */
const longestName = 1000;
/** How long completing a word may take, in milliseconds. */
const completeMs = 200;

/** How a {@link VmRepl} is made. */
export interface VmReplOptions {
  /** What its source finds by name, beside Node's own and `print`. Its objects are frozen. */
  readonly bindings: Readonly<Record<string, unknown>>;
  /** From where `require` looks for packages: a file's path. */
  readonly from: string;
  /** How long a call may compute without a break, in milliseconds. Default 5000. */
  readonly computeMs?: number;
  /** How long a promise is waited for, in milliseconds. Default 45,000: callers wait for 60 s. */
  readonly waitMs?: number;
  /** Takes what a call prints when it has ended, by a timer that it left behind. Default: standard output. */
  readonly printLate?: (text: string) => void;
}

/**
 * A REPL for JavaScript. An expression gives its value, a promise what it resolves to; of statements only what they print
 * comes back. What is declared stays, unless it stands beside an `await`.
 */
export class VmRepl implements Repl {
  readonly #context: Context;
  readonly #computeMs: number;
  readonly #waitMs: number;
  readonly #limit = new TimeLimit();
  readonly #printLate: (text: string) => void;
  /** Which call prints, also after it has awaited something. */
  readonly #calls = new AsyncLocalStorage<{ print: ((text: string) => void) | undefined }>();

  constructor({ bindings, from, computeMs = 5000, waitMs = 45_000, printLate }: VmReplOptions) {
    this.#printLate = printLate ?? ((text) => void process.stdout.write(text));
    this.#computeMs = computeMs;
    this.#waitMs = waitMs;
    const print = (...values: unknown[]) => this.#print(`${format(...values)}\n`);
    const own = {
      print,
      console: { ...console, log: print, info: print, warn: print, error: print, debug: print },
    };
    const node = { process, Buffer, URL, fetch, structuredClone, TextEncoder, TextDecoder, AbortController };
    const timers = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
    const sandbox = { require: createRequire(from), ...node, ...timers, ...own };
    for (const [name, value] of Object.entries(bindings)) {
      // What keeps the board manageable cannot be overwritten by a slip.
      Object.defineProperty(sandbox, name, { value: Object.freeze(value), enumerable: true });
    }
    this.#context = createContext(sandbox);
  }

  evaluate(
    source: string,
    print: (text: string) => void,
    signal?: AbortSignalLike,
  ): ReturnType<Repl["evaluate"]> {
    const call: { print: typeof print | undefined } = { print };
    const end = () => (call.print = undefined);
    return this.#calls.run(call, () => {
      try {
        const { script, isExpression } = compile(source);
        const show = ({ value }: Settled) =>
          isExpression && value !== undefined ? inspect(value, { depth: 4, breakLength: 100 }) : undefined;
        const outcome = this.#run(() => {
          const value = script.runInContext(this.#context, quietly) as unknown;
          const settling = settle(value);
          return settling ? { settling } : { shown: show({ value }) };
        }, this.#computeMs);
        if (outcome.settling) {
          const waiting = this.#wait(outcome.settling, signal);
          return waiting.then((settled) => this.#run(() => show(settled), this.#computeMs)).finally(end);
        }
        end();
        return outcome.shown;
      } catch (error) {
        end();
        throw toFailure(error);
      }
    });
  }

  complete(text: string): Promise<string[]> {
    const [, object = "", start = ""] =
      /((?:[A-Za-z_$][\w$]*\.)*)([A-Za-z_$][\w$]*)?$/.exec(text.slice(-longestName)) ?? [];
    const names = new Set<string>();
    try {
      const script = new Script(object === "" ? "globalThis" : object.slice(0, -1));
      this.#run(() => {
        let value = script.runInContext(this.#context, quietly) as unknown;
        for (let depth = 0; value !== null && value !== undefined && depth < 20; depth++) {
          // Places in a row are no names, and there may be millions of them. What arrays inherit is one itself, with names only.
          const isRow = typeof value === "string" || Array.isArray(value) || ArrayBuffer.isView(value);
          if (!isRow || depth > 0) for (const name of Object.getOwnPropertyNames(value)) names.add(name);
          value = Object.getPrototypeOf(value) as unknown;
        }
      }, completeMs);
    } catch {
      // What is no object, or throws when it is looked at, goes on in no way.
    }
    const fitting = [...names].filter((name) => name.startsWith(start) && /^[A-Za-z_$][\w$]*$/.test(name));
    return Promise.resolve(fitting.toSorted().map((name) => object + name));
  }

  /**
   * Runs what is not the agent's own. To look at a value is that too: getters, proxies and what `util.inspect` calls may do
   * anything.
   *
   * @throws `board/interrupted`, `board/evaluation`
   */
  #run<T>(work: () => T, limitMs: number): T {
    const ended = this.#limit.run(() => {
      try {
        return { value: work() };
      } catch (error) {
        return { failure: toFailure(error) };
      }
    }, limitMs);
    if (!ended) {
      const text = `it computed for ${limitMs / 1000} s without a break and was cut off`;
      throw boardErrors.create("board/interrupted", text);
    }
    if (ended.value.failure) throw ended.value.failure;
    return ended.value.value;
  }

  #print(text: string): void {
    const { print = this.#printLate } = this.#calls.getStore() ?? {};
    print(text);
  }

  /** @throws `board/interrupted`, `board/evaluation` */
  async #wait(settling: Promise<Settled>, signal: AbortSignalLike | undefined): Promise<Settled> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      const text = `the promise did not settle within ${this.#waitMs / 1000} s; it is no longer waited for`;
      timer = setTimeout(() => reject(boardErrors.create("board/interrupted", text)), this.#waitMs);
    });
    try {
      const settled = await withAbort(Promise.race([settling, limit]), signal);
      if (settled.thrown) this.#run(() => fail(settled.value), this.#computeMs);
      return settled;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a promise has settled to, in a box: whatever awaits a value calls its `then`. */
interface Settled {
  readonly value: unknown;
  readonly thrown?: boolean;
}

/** Waits for a promise, or what can be called like one; `undefined` for all else. */
function settle(value: unknown): Promise<Settled> | undefined {
  if (typeof value !== "object" || value === null || !("then" in value)) return undefined;
  const { then } = value;
  if (typeof then !== "function") return undefined;
  return new Promise((resolve) => {
    const reject = (error: unknown) => resolve({ value: error, thrown: true });
    try {
      Reflect.apply(then, value, [(result: unknown) => resolve({ value: result }), reject]);
    } catch (error) {
      reject(error);
    }
  });
}

/** An expression if it can be one; statements otherwise. `await` is understood in both. */
function compile(source: string): { script: Script; isExpression: boolean } {
  const declares = /^\s*(async\s+)?(function|class)\b/.test(source);
  const expression = { code: `(${source}\n)`, isExpression: true };
  const statements = { code: source, isExpression: false };
  const awaiting = [
    { code: `(async () => (${source}\n))()`, isExpression: true },
    { code: `(async () => {${source}\n})()`, isExpression: false },
  ];
  const ways = declares ? [statements, expression] : [expression, statements];
  let first: unknown;
  for (const { code, isExpression } of /\bawait\b/.test(source) ? [...ways, ...awaiting] : ways) {
    try {
      return { script: new Script(code, { filename: "repl" }), isExpression };
    } catch (error) {
      // What is wrong with the statements tells most.
      if (code === source) first = error;
    }
  }
  throw first;
}

function fail(error: unknown): never {
  throw error;
}

function toFailure(error: unknown): Error {
  try {
    return boardErrors.is(error) ? error : boardErrors.create("board/evaluation", describe(error));
  } catch {
    return boardErrors.create("board/evaluation", "thrown: what cannot be printed");
  }
}

/** An error with those lines of its stack that are the source's own. */
function describe(error: unknown, depth = 0): string {
  // Errors of the context are no instances of this side's Error.
  const { name, message, stack, cause } = (error ?? {}) as Partial<Record<keyof Error, unknown>>;
  if (typeof message !== "string") return `thrown: ${inspect(error)}`;
  const lines = typeof stack === "string" ? stack.split("\n").filter((line) => /\brepl:\d/.test(line)) : [];
  const calls = lines.filter((line) => line.startsWith("    at "));
  // What does not compile was called by nobody.
  const own = calls.length > 0 ? calls : lines;
  // What fetch throws says nothing by itself.
  const why = cause === undefined || depth > 2 ? [] : [`caused by ${describe(cause, depth + 1)}`];
  return [`${String(name)}: ${message}`, ...own, ...why].join("\n");
}
