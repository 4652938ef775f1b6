import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Programs } from "./command.ts";
import { freePort } from "./mosquitto.ts";

/** The firmware of Debian's package `firmware-microbit-micropython`. */
const firmware = "/usr/share/firmware-microbit-micropython/firmware.hex";

/** Whether the firmware is there; the emulator is `qemu-system-arm`. */
export const haveMicrobitFirmware = existsSync(firmware);

/**
 * Starts real MicroPython on an emulated micro:bit, with a script as its `main.py`.
 *
 * @returns the TCP port at which its serial line is
 */
export async function startMicrobit(programs: Programs, script: string): Promise<number> {
  const port = await freePort();
  programs.start("qemu-system-arm", [
    ..."-M microbit -display none -monitor none".split(" "),
    "-serial",
    `tcp:127.0.0.1:${port},server=on,wait=off`,
    "-device",
    `loader,file=${firmware}`,
  ]);
  const line = await openLine(port);
  const prompt = new Prompt(line);
  await prompt.begin();
  await prompt.run("f = open('main.py', 'w')");
  // Comments only take room.
  const source = readFileSync(script, "utf8").replaceAll(/^ *# .*\n/gm, "");
  for (let start = 0; start < source.length; start += 200) {
    await prompt.run(`f.write(${JSON.stringify(source.slice(start, start + 200))})`);
  }
  await prompt.run("f.close()");
  // Out of the raw prompt, and a soft reset: it runs main.py.
  line.write("\u0002\u0004");
  await prompt.until("soft reboot");
  line.end();
  return port;
}

/** The raw prompt of MicroPython. */
class Prompt {
  readonly #line: Socket;
  #heard = "";
  #onHeard: () => void = () => {};

  constructor(line: Socket) {
    this.#line = line;
    line.on("data", (bytes: Buffer) => {
      this.#heard += bytes.toString("latin1");
      this.#onHeard();
    });
  }

  async begin(): Promise<void> {
    // Repeated, since nothing is heard of what came before the chip was up.
    const knock = setInterval(() => this.#line.write("\r\u0003\u0001"), 300);
    await this.until("raw REPL; CTRL-B to exit\r\n>");
    clearInterval(knock);
    await this.run("pass");
  }

  async run(code: string): Promise<void> {
    this.#heard = "";
    // The chip's buffer holds 64 bytes, and this line has no flow control.
    for (let start = 0; start < code.length; start += 32) {
      this.#line.write(code.slice(start, start + 32));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#line.write("\u0004");
    await this.until("\u0004>");
    // What it prints, then an empty traceback.
    if (!this.#heard.includes("\u0004\u0004>")) throw new Error(`${code} was answered by ${this.#heard}`);
  }

  until(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onHeard = () => this.#heard.includes(text) && resolve();
      this.#onHeard();
    });
  }
}

async function openLine(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (open) return socket;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
