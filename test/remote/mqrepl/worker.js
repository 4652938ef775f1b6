// The chip of a board that runs mqrepl: real MicroPython, compiled to WebAssembly, in a thread of its own. Plain
// JavaScript, since Node 20 loads no TypeScript here. It takes commands and answers them, one after the other.
import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

let captured;
const take = (bytes) => captured?.push(...bytes);
const python = await loadMicroPython({
  heapsize: 32 * 1024 * 1024,
  linebuffer: false,
  stdout: take,
  stderr: take,
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
const tell = (message) => parentPort.postMessage(message);
python.registerJsModule("_wire", {
  publish: (kind, id, hex) => tell({ kind, id, hex }),
  log: (level, text) => tell({ level, text }),
  reset: (mode) => tell({ reset: mode }),
  begin: () => void (captured = []),
  end() {
    const hex = Buffer.from(captured).toString("hex");
    captured = undefined;
    return hex;
  },
});
python.FS.writeFile("/mqrepl.py", readFileSync(new URL("mqrepl.py", import.meta.url), "utf8"));
python.runPython("import sys\nsys.path.insert(0, '/')\nfrom mqrepl import repl as _repl");
const repl = python.globals.get("_repl");
tell({ ready: true });

parentPort.on("message", ({ command, id, tail, hex, duplicate }) => {
  try {
    repl.message(command, id, tail ?? null, hex, duplicate);
  } catch (error) {
    tell({ broken: String(error?.message ?? error).slice(0, 500) });
  }
});
