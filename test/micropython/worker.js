// One ESP32 in a thread of its own: real MicroPython, compiled to WebAssembly, and underneath it a host module
// that asks the main thread for all that a chip does. Plain JavaScript, since Node 20 loads no TypeScript here.
import { createCipheriv, createHash } from "node:crypto";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const { address, firmware, files, accessPoint, hasConsole, signal: sharedSignal } = workerData;
const signal = new Int32Array(sharedSignal);
const output = createOutput();
const board = createBoard();

// The loader keeps its instance to itself; its memory and its stack pointer are needed here.
let instance;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...parameters) => {
  const result = await instantiate(...parameters);
  instance = result.instance;
  return result;
};
// What JavaScript lets go of belongs to a run that may be over: freeing it in Python would hit the next one.
globalThis.FinalizationRegistry = class {
  register() {}
};

const python = await loadMicroPython({
  heapsize: 256 * 1024,
  pystack: 8 * 1024,
  linebuffer: false,
  stdout: (bytes) => output.write(bytes),
  stderr: (bytes) => output.write(bytes),
});
writeFiles();
python.registerJsModule("_board", board.functions);
python.runPython("import sys\nsys.path.insert(1, '/firmware')\nimport _boot");
const atReset = readMemory();

for (;;) {
  const { boot } = takeMessage();
  tell({ event: "started" });
  board.start(boot);
  try {
    python.runPython("_boot.run()");
    if (hasConsole) servePrompt();
  } catch (error) {
    if (!(error instanceof EndOfRun)) board.ending = { call: "ended", traceback: describe(error) };
  }
  output.flush();
  tell(board.ending);
  // The files stay, as in flash memory; all else is as it was before the script.
  resetMemory();
}

/** What the firmware does when no script runs: MicroPython's own prompt, with its raw mode, until something ends it. */
function servePrompt() {
  python.replInit();
  // What came while the script ran, and was for nobody.
  python.runPython("import _board, console\n_board.unread = console.take_all()");
  let input = board.functions.unread;
  for (;;) {
    for (const byte of Buffer.from(input, "hex")) python.replProcessChar(byte);
    input = board.functions.wait(false, null).slice(2);
  }
}

function tell(message) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
  parentPort.postMessage(message);
}

/** Thrown through the interpreter to end a run: unlike a Python exception, no `except` or `finally` sees it. */
function EndOfRun() {}

function writeFiles() {
  const { FS } = python;
  for (const [name, text] of Object.entries(firmware)) writeFile(`/firmware/${name}`, text);
  for (const [path, text] of Object.entries(files)) writeFile(`/${path}`, text);

  function writeFile(path, text) {
    const folders = path.split("/").slice(1, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      const folder = `/${folders.slice(0, depth).join("/")}`;
      if (!FS.analyzePath(folder).exists) FS.mkdir(folder);
    }
    FS.writeFile(path, text);
  }
}

/** What a reset brings back: memory up to its last byte in use, stack pointer, Python's references to JavaScript. */
function readMemory() {
  const bytes = new Uint8Array(instance.exports.memory.buffer);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return {
    bytes: bytes.slice(0, end),
    stack: instance.exports.emscripten_stack_get_current(),
    references: [...globalThis.proxy_js_ref],
    nextReference: globalThis.proxy_js_ref_next,
    numbers: [...globalThis.proxy_js_ref_map],
  };
}

function resetMemory() {
  const bytes = new Uint8Array(instance.exports.memory.buffer);
  bytes.set(atReset.bytes);
  bytes.fill(0, atReset.bytes.length);
  instance.exports["_emscripten_stack_restore"](atReset.stack);
  globalThis.proxy_js_ref = [...atReset.references];
  globalThis.proxy_js_ref_next = atReset.nextReference;
  globalThis.proxy_js_ref_map = new Map(atReset.numbers);
  for (const stream of python.FS.streams ?? []) if (stream?.fd > 2) python.FS.close(stream);
}

/** What the Python modules under `lib/` find as `_board`. No function throws, except to end the run. */
function createBoard() {
  let bootedAt = 0;
  /** The clock's monotonic time, and the microseconds of computing since it was read. */
  let now = 0;
  let spentUs = 0;
  /** How often it was asked for chance, in all runs. */
  let asked = 0;
  let random = Number.parseInt(address.slice(4), 16);
  // These two outlive a run, and end with the power.
  let rtcMemory = "";
  let rtcStartedAt = 0;

  function call(request) {
    output.flush();
    tell(request);
    const reply = takeMessage();
    now = reply.now;
    if (reply.powerOff) end({ call: "off" });
    return reply.value;
  }

  /** Looking at the clock or a pin takes 10 µs, so that a loop that only looks comes to its end. */
  function spend(microseconds) {
    spentUs += microseconds;
    if (spentUs < 1000) return;
    spentUs -= 1000;
    call({ call: "sleep", ms: 1 });
  }

  function end(ending) {
    self.ending = ending;
    throw new EndOfRun();
  }

  const uptimeUs = () => Math.floor((now - bootedAt) * 1000) + spentUs;
  const self = {
    /** How the run ended. */
    ending: { call: "ended" },
    start(boot) {
      now = bootedAt = boot.now;
      spentUs = 0;
      self.ending = { call: "ended" };
      self.functions.script = boot.script;
      self.functions.resetCause = boot.cause;
      if (!boot.powerOn) return;
      rtcMemory = "";
      rtcStartedAt = now;
    },
    functions: {
      address,
      accessPoint: accessPoint ? JSON.stringify(accessPoint) : null,
      console: hasConsole,
      unread: "",
      script: "",
      resetCause: 0,
      // JavaScript's numbers arrive in Python as 32-bit integers: ticks wrap below that, times of day go as text.
      ticksUs: () => (spend(10), uptimeUs() & 0x3fffffff),
      ticksMs: () => (spend(10), Math.floor(uptimeUs() / 1000) & 0x3fffffff),
      rtcMs: () => (spend(10), String(Math.floor(now - rtcStartedAt))),
      setRtcMs: (text) => void (rtcStartedAt = now - Number(text)),
      rtcMemory: () => rtcMemory,
      setRtcMemory(hex) {
        rtcMemory = hex;
        tell({ event: "rtc", hex });
      },
      sleep(ms) {
        spend(10);
        if (ms > 0) call({ call: "sleep", ms });
      },
      lightSleep: (ms) => void call({ call: "lightsleep", ms }),
      deepSleep: (ms) => end({ call: "deepsleep", ms }),
      reset: () => end({ call: "reset" }),
      failed: (traceback) => void (self.ending = { call: "ended", traceback }),
      radio: (on, channel, bufferBytes, second) =>
        void call({ call: "radio", on, channel, bufferBytes, accessPoint: second }),
      send: (from, destination, hex, wait) => (
        spend(10),
        call({ call: "send", interface: from, destination, hex, wait })
      ),
      wait(frame, timeoutMs) {
        const { hasFrame, hex } = call({ call: "wait", frame, timeoutMs });
        return `${hasFrame ? 1 : 0} ${hex}`;
      },
      output(hex) {
        output.flush();
        tell({ event: "output", hex });
      },
      // The same in each run of a test, another after each restart of the board.
      randomByte: () => (random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0) >>> 24,
      watchdog: (ms) => tell({ event: "watchdog", ms }),
      setAddress: (changed) => tell({ event: "address", address: changed }),
      receive(timeoutMs) {
        spend(10);
        const frame = call({ call: "receive", timeoutMs });
        if (!frame) return null;
        const heardAt = Math.floor(frame.at - bootedAt) & 0x3fffffff;
        return `${frame.source} ${frame.rssi} ${heardAt} ${frame.hex}`;
      },
      available: () => (spend(10), call({ call: "available" })),
      droppedFrames: () => call({ call: "dropped" }),
      encryptAes(key, mode, iv, data) {
        const name = `aes-${key.length * 4}-${mode === 1 ? "ecb" : "cbc"}`;
        const cipher = createCipheriv(
          name,
          Buffer.from(key, "hex"),
          mode === 1 ? null : Buffer.from(iv, "hex"),
        );
        return cipher.setAutoPadding(false).update(data, "hex", "hex");
      },
      // Never the same twice, but the same whenever a test is run again.
      urandom(count) {
        const bytes = createHash("sha512").update(`${address} ${++asked}`).digest();
        return bytes.subarray(0, count).toString("hex");
      },
      readPin: (pin, otherwise) => (spend(10), call({ call: "pin", pin, otherwise })),
      readAdc: (pin) => (spend(10), call({ call: "adc", pin })),
      writePin: (pin, value) => tell({ event: "pin", pin, value }),
      showPixels: (pin, text) => tell({ event: "pixels", pin, pixels: JSON.parse(text) }),
    },
  };
  return self;
}

/** Waits, with the thread standing still, until there really is a message: wake-ups can be spurious. */
function takeMessage() {
  for (;;) {
    const seen = Atomics.load(signal, 0);
    const received = receiveMessageOnPort(parentPort);
    if (received) return received.message;
    Atomics.wait(signal, 0, seen);
  }
}

/** Collects what is printed and hands it over line by line. */
function createOutput() {
  let bytes = [];
  const flush = () => {
    if (bytes.length === 0) return;
    tell({ event: "print", text: new TextDecoder().decode(Uint8Array.from(bytes)) });
    bytes = [];
  };
  return {
    flush,
    write(more) {
      bytes.push(...more);
      if (more.includes(10)) flush();
    },
  };
}

/** Errors of the interpreter itself may carry its whole minified source: only the first line is of use. */
function describe(error) {
  return `MicroPython broke off: ${String(error?.message ?? error)
    .split("\n", 1)[0]
    .slice(0, 300)}`;
}
