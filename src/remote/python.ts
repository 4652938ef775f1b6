// What a board with the original mqrepl does for us, said in Python. Every path goes through `toPythonText`. Where an
// answer is read by a program, names come as hexadecimal digits, so that nothing a file is called can be misread.
// Each source fits into one message of the original program (1400 bytes) unless a path is very long.

/** A text as a Python literal in plain ASCII, whatever it holds. */
export function toPythonText(text: string): string {
  let literal = "'";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === "'" || character === "\\") literal += `\\${character}`;
    else if (code >= 0x20 && code < 0x7f) literal += character;
    else if (code < 0x100) literal += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code < 0x1_0000) literal += `\\u${code.toString(16).padStart(4, "0")}`;
    else literal += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return `${literal}'`;
}

/** How many entries of a folder are asked for at once: their printed form has to fit into a small board's memory. */
export const entriesAtOnce = 20;

/** An expression for some entries of a folder: `[(name, is folder, size), …]`, each name as bytes of hexadecimal digits. */
export function listSource(path: string, from: number): string {
  const folder = toPythonText(path === "" ? "." : path);
  const inside = toPythonText(path === "" || path.endsWith("/") ? path : `${path}/`);
  // Some ports leave the size out.
  return (
    "[(__import__('ubinascii').hexlify(e[0].encode()),e[1]&0x4000,e[3]if len(e)>3 else " +
    `__import__('uos').stat(${inside}+e[0])[6])` +
    `for e in list(__import__('uos').ilistdir(${folder}))[${from}:${from + entriesAtOnce}]]`
  );
}

/** The entries that {@link listSource} gives, or `undefined` if the text is something else. */
export function parseEntries(
  text: string,
): { name: Uint8Array; folder: boolean; size: number }[] | undefined {
  const [, inside] = /^\s*\[(.*)\]\s*$/s.exec(text) ?? [];
  if (inside === undefined) return undefined;
  // No file system has longer names.
  const entry = /\(b'((?:[0-9a-f]{2}){1,1024})', (\d{1,6}), (\d{1,15})\)(?:, |$)/gy;
  const entries = [];
  let end = 0;
  for (const [whole, hex = "", type, size] of inside.matchAll(entry)) {
    end += whole.length;
    entries.push({ name: bytesOf(hex), folder: type !== "0", size: Number(size) });
  }
  return end === inside.length ? entries : undefined;
}

/** Prints a file's SHA-256. */
export function digestSource(path: string): string {
  return inFunction(
    "import uhashlib,ubinascii\nh=uhashlib.sha256()\nm=memoryview(bytearray(1024))\n" +
      `f=open(${toPythonText(path)},'rb')\nn=f.readinto(m)\nwhile n:\n h.update(m[:n])\n n=f.readinto(m)\n` +
      "f.close()\nprint(ubinascii.hexlify(h.digest()).decode())",
  );
}

/** An expression for a piece of a file, as bytes of hexadecimal digits. */
export function readSource(path: string, offset: number, size: number): string {
  return inFunction(
    `import ubinascii\nf=open(${toPythonText(path)},'rb')\nf.seek(${offset})\n` +
      `print(ubinascii.hexlify(f.read(${size})).decode())\nf.close()`,
  );
}

/** Makes one folder; without effect where one is, if `ignore`. */
export function makeFolderSource(path: string, ignore: boolean): string {
  const make = `uos.mkdir(${toPythonText(path)})`;
  if (!ignore) return `import uos; ${make}`;
  // A folder that is there may be said in several ways; a file in its place is still a fault.
  return `import uos\ntry: ${make}\nexcept OSError:\n if not uos.stat(${toPythonText(path)})[0]&0x4000: raise\n`;
}

/** Removes a file; on some file systems also an empty folder. */
export function removeSource(path: string): string {
  return `import uos; uos.remove(${toPythonText(path)})`;
}

/** Removes an empty folder. */
export function removeFolderSource(path: string): string {
  return `import uos; uos.rmdir(${toPythonText(path)})`;
}

/**
 * Renames, over a file that may be there: FAT file systems do not do that by themselves. A folder stays, which LittleFS
 * would remove like a file if it is empty.
 */
export function renameSource(path: string, to: string): string {
  const [from, target] = [toPythonText(path), toPythonText(to)];
  return (
    `import uos\ntry: uos.rename(${from},${target})\nexcept OSError:\n uos.stat(${from})\n` +
    ` if uos.stat(${target})[0]&0x4000: raise OSError(21)\n uos.remove(${target})\n uos.rename(${from},${target})\n`
  );
}

/** Starts the board again, with the original program's words. */
export function resetSource(mode: "normal" | "safe" | "soft" | "hard"): string {
  if (mode === "hard") return "machine.reset()";
  const said = {
    normal: "Resetting via mqboard into normal mode",
    safe: "Resetting via mqboard into safe mode",
    soft: "Soft-reset via mqboard",
  };
  const letter = { normal: "n", safe: "f", soft: "s" }[mode];
  return `log.critical('${said[mode]}')\nsys.modules['watchdog'].reset('${letter}')\n`;
}

/** An expression for what the board is. */
export const describeSource = "__import__('sys').implementation,__import__('sys').platform";

/** An expression for the names that a word could go on with. */
export function completeSource(object: string): string {
  return object === "" ? "dir()" : `dir(${object})`;
}

/** The names in a printed list of texts; anything else in it is left out. */
export function parseNames(text: string): string[] {
  return [...text.matchAll(/'([A-Za-z_][A-Za-z0-9_]*)'/g)].map(([, name = ""]) => name);
}

/** Leaves no names behind on the board. */
function inFunction(body: string): string {
  return `def _mq():\n ${body.replaceAll("\n", "\n ")}\n_mq()\ndel _mq\n`;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
