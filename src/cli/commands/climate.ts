import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import { Ssd1306Display } from "../../device/index.ts";
import {
  brokerUrlOf,
  type ClimateHardware,
  createLog,
  createSimulatedHardware,
  startClimate,
} from "../../hub/index.ts";
import type { QoS } from "../../mqtt/index.ts";
import { openGpioOutput, openI2c, openIioClimate, openLed } from "../../node/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseQos } from "../options.ts";
import { printLine } from "../output.ts";

interface ClimateCommandOptions extends BrokerOptions {
  readonly sensor: string;
  readonly led?: string;
  readonly display?: string;
  readonly every: number;
  readonly format: "text" | "json";
  readonly qos: QoS;
  readonly readings: string;
  readonly output: string;
  readonly state: string;
}

/** `moteq climate`: the climate application on this machine's devices, or on simulated ones. */
export function addClimateCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("climate")
    .description("Publishes temperature and humidity, switches an LED and drives a display, until Ctrl-C.")
    .option("--sensor <where>", "simulated, iio (the first that fits) or iio:NAME", parseSensor, "simulated")
    .option(
      "--led <where>",
      "led:NAME, gpio:CHIP:LINE or none (default: as simulated as the sensor)",
      parseLed,
    )
    .option("--display <where>", "i2c:BUS, i2c:BUS:ADDRESS, i2c:BUS:ADDRESS:ROWS or none", parseDisplay)
    .option("--every <seconds>", "from one reading to the next", parseEvery, 5)
    .option("--format <name>", "text, as t=24.1C, h=26.5%., or json", parseFormat, "text" as const)
    .option("-q, --qos <0|1|2>", "how surely readings are published", parseQos, 1 as const)
    .option("--readings <topic>", "where readings go", "testincr")
    .option("--output <topic>", "where the LED is switched, by on and off", "output")
    .option("--state <topic>", "where the state is told", "climate/state");
  addBrokerOptions(command).action(async (options: ClimateCommandOptions) => {
    const config = readConfig(options);
    const log = createLog(config.log);
    const broker = { ...config.broker, url: brokerUrlOf(config.broker) };
    const { every, format, qos, readings, output, state } = options;
    const climate = startClimate(
      broker,
      openHardware(options),
      { everyMs: every * 1000, format, qos, readings, output, state },
      (level, text) => log[level](text),
    );
    try {
      const { sensor, led, display } = options;
      const rest = sensor === "simulated" ? "simulated" : "none";
      printLine(`broker    ${broker.url}`);
      printLine(`sensor    ${sensor}`);
      printLine(`LED       ${led ?? rest}, on or off at ${output}`);
      printLine(`display   ${display ?? rest}`);
      printLine(`readings  ${readings}, every ${every} s`);
      printLine(`state     ${state}`);
      printLine("Ctrl-C ends it.");
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await climate.close();
    }
    const { written, waiting, dropped } = climate.application.counts;
    const rest = waiting + dropped > 0 ? `, ${waiting + dropped} are lost` : "";
    printLine(`moteq has ended: ${written} readings are with the broker${rest}.`);
  });
}

function openHardware({ sensor, led, display }: ClimateCommandOptions): ClimateHardware {
  const simulated = sensor === "simulated" ? createSimulatedHardware() : undefined;
  const [, name] = sensor.split(/:(.*)/s);
  const ownDisplay = display === undefined ? simulated?.display : openDisplay(display);
  return {
    sensor: simulated?.sensor ?? openIioClimate(name === undefined ? {} : { name }),
    led: led === undefined ? simulated?.led : openOutput(led),
    display: ownDisplay,
    ...(simulated?.chip && ownDisplay === simulated.display ? { chip: simulated.chip } : {}),
  };
}

function openOutput(where: string): ClimateHardware["led"] {
  const [kind, first = "", second = ""] = where.split(":");
  if (kind === "led") return openLed({ name: first });
  return kind === "gpio" ? openGpioOutput({ chip: first, line: Number(second) }) : undefined;
}

function openDisplay(where: string): ClimateHardware["display"] {
  const [kind, bus, address = "3c", rows = "64"] = where.split(":");
  if (kind !== "i2c") return undefined;
  const i2c = openI2c({ bus: Number(bus), address: Number.parseInt(address, 16) });
  return new Ssd1306Display({ i2c, height: rows === "32" ? 32 : 64 });
}

const parseSensor = matching(/^(simulated|iio(:.+)?)$/, "simulated, iio or iio:NAME, as iio:dht11@4");
const parseLed = matching(/^(none|led:[^:/]+|gpio:[\w./-]+:\d+)$/, "none, led:NAME or gpio:CHIP:LINE");
const parseDisplay = matching(
  /^(none|i2c:\d+(:(0x)?[0-7][0-9a-fA-F](:(32|64))?)?)$/,
  "none, i2c:BUS, i2c:BUS:ADDRESS (hexadecimal, 3c as a rule) or i2c:BUS:ADDRESS:ROWS (64 or 32)",
);

function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`It must be ${expected}.`);
  };
}

function parseEvery(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It must be from 1 to 86,400 seconds.");
}

function parseFormat(text: string): "text" | "json" {
  if (text === "text" || text === "json") return text;
  throw new InvalidArgumentError("It must be text or json.");
}
