import type { Command } from "commander";
import { decodeUtf8 } from "../../base/index.ts";
import { openLinkWire } from "../../hub/index.ts";
import { MqttLink, type MqttLinkOptions, nameOfStatus } from "../../link/index.ts";
import { systemClock, systemRandom } from "../../node/index.ts";
import type { LinkInit } from "../../wire/index.ts";
import { addTimeoutOption } from "../broker-options.ts";
import { cliErrors } from "../errors.ts";
import { parseQos, parseWhole, wireHelp } from "../options.ts";
import { printError, printLine, toPrintable } from "../output.ts";
import { untilInterrupted, whenInterrupted, withTimeout } from "../session.ts";

interface HostOptions {
  readonly wire: string;
  readonly ssid?: string;
  readonly wifiPassword?: string;
  readonly host?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

interface PubOptions extends HostOptions {
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
}

interface SubOptions extends HostOptions {
  readonly qos: 0 | 1 | 2;
  readonly verbose?: boolean;
  readonly count?: number;
}

/** `moteq host`: a host at the command line. */
export function addHostCommand(program: Command, signal: AbortSignal): void {
  const host = program
    .command("host")
    .description("Is a host without a network: speaks MQTT through a modem at the other end of a wire.")
    .requiredOption("--wire <line>", wireHelp)
    .option("--host <broker[:port]>", "the broker that the modem is to use (default: the modem knows)")
    .option("--ssid <name>", "the wireless network, should the modem's own not be there")
    .option("--wifi-password <text>", "its password")
    .option("--json", "lines of JSON");
  addTimeoutOption(host);

  host
    .command("pub <topic> <message>")
    .description("publishes a message; ends when the modem, or at QoS 1 and 2 the broker, has it")
    .option("-q, --qos <0|1|2>", "how surely it is to arrive", parseQos, 1 as const)
    .option("-r, --retain", "let the broker keep it for new subscribers")
    .action(async (topic: string, message: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PubOptions>();
      await withLink(options, signal, {}, async (link, wait) => {
        const { qos } = options;
        const done = new Promise<boolean>((resolve) => {
          const retain = options.retain === true;
          if (!link.publish(topic, message, { qos, retain, onDone: resolve })) resolve(false);
        });
        if (await wait(done, "the broker's answer")) return;
        throw cliErrors.create(
          "cli/refused",
          `the message to ${topic} did not get through: it is refused, or too long for the modem`,
        );
      });
    });

  host
    .command("sub <filters...>")
    .description("shows messages as they come, until Ctrl-C")
    .option("-q, --qos <0|1|2>", "how surely they are to come", parseQos, 1 as const)
    .option("-v, --verbose", "the topic before each message")
    .option("-C, --count <n>", "end after so many messages", parseWhole(1, 1_000_000_000))
    .action(async (filters: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<SubOptions>();
      const show = withLink(options, signal, {}, async (link) => {
        let left = options.count ?? Infinity;
        await new Promise<void>((resolve, reject) => {
          whenInterrupted(signal, reject);
          for (const filter of filters) {
            const print = (topic: string, payload: Uint8Array, retain: boolean) => {
              if (left-- <= 0) return;
              printLine(format(topic, payload, retain, options));
              if (left <= 0) resolve();
            };
            link.subscribe(filter, print, { qos: options.qos });
          }
        });
      });
      await (options.count === undefined ? untilInterrupted(signal, () => show) : show);
    });

  host
    .command("status")
    .description("shows how the modem comes up, status by status; ends when it is running")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HostOptions>();
      let running: () => void = ignore;
      const isRunning = new Promise<void>((resolve) => (running = resolve));
      const onStatus: MqttLinkOptions["onStatus"] = (status, text) => {
        const name = nameOfStatus(status);
        printLine(
          options.json
            ? JSON.stringify({ status, name, text })
            : `${status}  ${name}  ${toPrintable(text)}`.trimEnd(),
        );
        if (name === "WIFI_UP") running();
        return true;
      };
      await withLink(options, signal, { onStatus }, (_link, wait) => wait(isRunning, "WIFI_UP"));
    });

  host
    .command("mem")
    .description("asks the modem for its memory")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HostOptions>();
      let answer: (memory: { free: number; allocated: number }) => void = ignore;
      const answered = new Promise<{ free: number; allocated: number }>((resolve) => (answer = resolve));
      let link: MqttLink | undefined;
      const settings = { onMemory: answer, userStart: () => void link?.command("mem") };
      await withLink(options, signal, settings, async (made, wait) => {
        link = made;
        const { free, allocated } = await wait(answered, "the modem's answer");
        printLine(
          options.json
            ? JSON.stringify({ free, allocated })
            : `free ${free} bytes, allocated ${allocated} bytes`,
        );
      });
    });

  host
    .command("time")
    .description("asks the modem what time it is")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HostOptions>();
      let answer: (time: number) => void = ignore;
      const answered = new Promise<number>((resolve) => (answer = resolve));
      await withLink(options, signal, { onTime: answer, clockSync: "once" }, async (_link, wait) => {
        const time = await wait(answered, "the time");
        printLine(options.json ? JSON.stringify({ time }) : new Date(time).toISOString());
      });
    });
}

type Wait = <T>(promise: Promise<T>, waitedFor: string) => Promise<T>;

/** Opens a link, works with it, and closes it. */
async function withLink<T>(
  options: HostOptions,
  signal: AbortSignal,
  settings: Partial<MqttLinkOptions>,
  work: (link: MqttLink, wait: Wait) => Promise<T>,
): Promise<T> {
  const said = new Set<string>();
  const say = (text: string) => {
    if (!said.has(text)) printError(text);
    said.add(text);
  };
  const link = new MqttLink({
    wire: await openLinkWire(options.wire, "host", (text) =>
      say(`the line ${options.wire}: ${text}; trying again`),
    ),
    clock: systemClock,
    random: systemRandom,
    init: initOf(options),
    onStatus: (status, text) => {
      if (["BROKER_FAIL", "WIFI_DOWN", "UNKNOWN"].includes(nameOfStatus(status))) {
        say(`the modem says ${nameOfStatus(status)}: ${toPrintable(text)}`);
      }
      return true;
    },
    onTrouble: say,
    ...settings,
  });
  link.start();
  const wait: Wait = async (promise, waitedFor) => {
    const limit = withTimeout(signal, options.timeout, waitedFor);
    return Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        limit.addEventListener("abort", () => reject(limit.reason as Error));
        if (limit.aborted) reject(limit.reason as Error);
      }),
    ]);
  };
  try {
    return await work(link, wait);
  } finally {
    await link.close();
  }
}

function initOf({ host, ssid, wifiPassword }: HostOptions): LinkInit {
  const [, broker, port] = /^(.+?)(?::(\d{1,5}))?$/.exec(host ?? "") ?? [];
  if (Number(port) > 65_535) {
    throw cliErrors.create("cli/bad-argument", `--host takes a port from 1 to 65535, got ${port}`);
  }
  if (wifiPassword !== undefined && ssid === undefined) {
    throw cliErrors.create("cli/bad-argument", "--wifi-password needs --ssid");
  }
  return {
    ...(broker === undefined ? {} : { broker }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(ssid === undefined ? {} : { ssid, password: wifiPassword ?? "" }),
  };
}

function format(topic: string, payload: Uint8Array, retain: boolean, options: SubOptions): string {
  const text = decodeUtf8(payload);
  if (options.json) {
    const shown = text ?? Buffer.from(payload).toString("base64");
    return JSON.stringify({
      topic,
      payload: shown,
      ...(text === undefined ? { encoding: "base64" } : {}),
      retain,
    });
  }
  return `${options.verbose ? `${toPrintable(topic)} ` : ""}${toPrintable(text ?? `(${payload.length} bytes)`)}`;
}

function ignore(): void {}
