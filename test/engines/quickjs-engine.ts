import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
} from "quickjs-emscripten-core";
import type { MqttVersion } from "../../src/mqtt/index.ts";
import { Surroundings } from "./surroundings.ts";

/** A program in QuickJS, and what surrounds it. */
export class QuickJsEngine implements Disposable {
  readonly surroundings: Surroundings;
  readonly #context: QuickJSContext;
  readonly #program: QuickJSHandle;
  readonly #empty: number;
  /** What the code alone takes of the heap, in bytes. */
  readonly codeBytes: number;

  /** @param code a script that makes `program.createProgram` */
  static async create(code: string, version: MqttVersion): Promise<QuickJsEngine> {
    const quickjs = await newQuickJSWASMModuleFromVariant(import("@jitl/quickjs-wasmfile-release-sync"));
    return new QuickJsEngine(quickjs.newContext(), code, version);
  }

  private constructor(context: QuickJSContext, code: string, version: MqttVersion) {
    this.#context = context;
    this.#empty = this.#used();
    context.unwrapResult(context.evalCode(code)).dispose();
    this.codeBytes = this.heapBytes;
    this.surroundings = new Surroundings(version, (name, argument) => this.call(name, argument));
    const host = this.#createHost();
    context.setProp(context.global, "host", host);
    host.dispose();
    this.#program = context.unwrapResult(context.evalCode("program.createProgram(host)"));
  }

  /** What is in use of the heap beyond what an empty context needs, in bytes. */
  get heapBytes(): number {
    return this.#used() - this.#empty;
  }

  call(name: string, argument?: number | Uint8Array): void {
    const context = this.#context;
    const method = context.getProp(this.#program, name);
    const values =
      argument === undefined
        ? []
        : [
            typeof argument === "number"
              ? context.newNumber(argument)
              : context.newArrayBuffer(Uint8Array.from(argument).buffer),
          ];
    context.unwrapResult(context.callFunction(method, this.#program, ...values)).dispose();
    for (const handle of [method, ...values]) handle.dispose();
    context.unwrapResult(context.runtime.executePendingJobs());
  }

  [Symbol.dispose](): void {
    this.#program.dispose();
    this.#context.dispose();
  }

  #createHost(): QuickJSHandle {
    const context = this.#context;
    const { host } = this.surroundings;
    const object = context.newObject();
    const add = (
      name: string,
      implementation: (argument: QuickJSHandle, other: QuickJSHandle) => QuickJSHandle | void,
    ) => {
      const handle = context.newFunction(name, implementation);
      context.setProp(object, name, handle);
      handle.dispose();
    };
    add("open", () => host.open());
    add("close", () => host.close());
    add("now", () => context.newNumber(host.now()));
    add("say", (text) => host.say(context.getString(text)));
    add("setTimer", (id, delayMs) => host.setTimer(context.getNumber(id), context.getNumber(delayMs)));
    add("write", (bytes) => {
      const lifetime = context.getArrayBuffer(bytes);
      host.write(Uint8Array.from(lifetime.value));
      lifetime.dispose();
    });
    return object;
  }

  /** `setMemoryLimit` counts wrongly in WebAssembly; this is right. */
  #used(): number {
    const context = this.#context;
    const usage = context.runtime.computeMemoryUsage();
    const size = context.getProp(usage, "memory_used_size");
    const bytes = context.getNumber(size);
    size.dispose();
    usage.dispose();
    return bytes;
  }
}
