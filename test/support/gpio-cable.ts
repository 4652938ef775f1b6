import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * Programs in place of libgpiod's, all joined to one set of lines, so that what one sets another sees: a cable between
 * two ends on one machine. They speak as version 2 does: banner, `set LINE=VALUE`, edges as `LINE 1|2`.
 */
export interface GpioCable extends AsyncDisposable {
  readonly tools: { readonly get: string; readonly monitor: string; readonly set: string };
}

/** What each stand-in runs: `node tool.mjs PORT KIND …words`. */
const tool = `
import { connect } from "node:net";
import { createInterface } from "node:readline";
const [port, kind, ...words] = process.argv.slice(2);
if (words[0] === "--version") {
  console.log("gpioset (libgpiod) v2.2");
  process.exit(0);
}
const cable = connect(Number(port), "127.0.0.1");
const lines = words.filter((word) => /^\\d+(=[01])?$/.test(word));
if (kind === "get") cable.write("get " + lines.join(" ") + "\\n");
if (kind === "monitor") cable.write("monitor " + lines.join(" ") + "\\n");
if (kind === "set") {
  for (const line of lines) cable.write("set " + line + "\\n");
  createInterface(process.stdin).on("line", (line) => cable.write(line + "\\n"));
}
if (words.includes("--banner")) cable.once("connect", () => console.log("Holding lines ..."));
cable.pipe(process.stdout);
cable.on("close", () => process.exit(0));
`;

export async function createGpioCable(): Promise<GpioCable> {
  const levels = new Map<string, string>();
  const monitors = new Map<Socket, string[]>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("close", () => monitors.delete(socket));
    createInterface(socket).on("line", (text) => {
      const [word, ...lines] = text.split(" ");
      if (word === "get") socket.end(`${lines.map((line) => levels.get(line) ?? "0").join(" ")}\n`);
      if (word === "monitor") monitors.set(socket, lines);
      if (word !== "set") return;
      const [line = "", level = ""] = (lines[0] ?? "").split("=");
      if (levels.get(line) === level) return;
      levels.set(line, level);
      for (const [monitor, watched] of monitors) {
        if (watched.includes(line)) monitor.write(`${line} ${level === "1" ? 1 : 2}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const folder = mkdtempSync(join(tmpdir(), "moteq-gpio-"));
  writeFileSync(join(folder, "tool.mjs"), tool);
  const make = (kind: string) => {
    const path = join(folder, kind);
    writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${folder}/tool.mjs ${port} ${kind} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  return {
    tools: { get: make("get"), monitor: make("monitor"), set: make("set") },
    async [Symbol.asyncDispose]() {
      for (const socket of monitors.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
