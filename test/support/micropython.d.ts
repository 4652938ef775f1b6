/** Real MicroPython, compiled to WebAssembly: what the tests use of it. One instance in each realm. */
declare module "@micropython/micropython-webassembly-pyscript" {
  export interface MicroPython {
    readonly globals: { get(name: string): unknown };
    runPython(program: string): void;
  }
  export function loadMicroPython(options?: { readonly heapsize?: number }): Promise<MicroPython>;
}
