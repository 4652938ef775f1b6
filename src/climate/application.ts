import { type Clock, decodeUtf8, formatSpan, messageOf, show, type Timer } from "../base/index.ts";
import type { ClimateSample, DigitalOutput, Display, Sensor } from "../device/index.ts";
import {
  fromSensor,
  isFault,
  type LinkMessage,
  type MessageLink,
  onlyEvents,
  Schedule,
  type SensorEvent,
  type SensorReading,
  type Sink,
  toMqtt,
} from "../flow/index.ts";
import { Health } from "./health.ts";
import {
  type ClimateLog,
  type ClimateOptions,
  type ClimateSettings,
  resolveClimateOptions,
} from "./options.ts";
import { checkClimate, formatReading } from "./payload.ts";
import { drawScreen } from "./screen.ts";

/** How long after the broker's no to a subscription it is asked again, in milliseconds. */
const askAgainMs = 60_000;

/** What the application stands on. The caller makes all of it, and closes it behind `close`. */
export interface ClimateParts {
  /** The MQTT client; give it {@link createClimateWill}, and its statuses to `brokerStatus`. */
  readonly link: MessageLink;
  readonly clock: Clock;
  readonly sensor: Sensor<ClimateSample>;
  /** Default: none. */
  readonly led?: DigitalOutput | undefined;
  /** Default: none. */
  readonly display?: Display | undefined;
  readonly options?: ClimateOptions;
  /** Default: nobody is told. */
  readonly log?: ClimateLog;
}

/** What is told on the state topic. */
export interface ClimateState {
  readonly online: true;
  readonly led: "on" | "off";
  /** `ok`, or what is wrong. */
  readonly sensor: string;
  readonly actuator: string;
  readonly display: string;
  /** Readings that were dropped because too many waited. */
  readonly dropped: number;
  /** Messages on the output topic that were neither `on` nor `off`. */
  readonly unknownCommands: number;
}

/** The last will of the application's client: `{"online":false}`, retained, on the state topic. */
export function createClimateWill(options: ClimateOptions = {}): {
  topic: string;
  payload: string;
  qos: 1;
  retain: true;
} {
  const payload = JSON.stringify({ online: false });
  return { topic: resolveClimateOptions(options).state, payload, qos: 1, retain: true };
}

/**
 * Reads temperature and humidity, publishes them, shows them and the link's state on a display, switches an LED by MQTT,
 * and tells its state. Whatever of these is gone, the rest goes on; what has gone and come back is said once each.
 */
export class ClimateApplication {
  readonly settings: ClimateSettings;
  readonly #parts: ClimateParts;
  readonly #log: ClimateLog;
  readonly #schedule: Schedule;
  readonly #sink: Sink<SensorEvent<ClimateSample>>;
  readonly #sensorHealth: Health;
  readonly #ledHealth: Health;
  readonly #displayHealth: Health;
  #reading: ClimateSample | undefined;
  #wanted: 0 | 1 = 0;
  /** What the LED was last switched to; `undefined` if that is not known. */
  #switched: 0 | 1 | undefined;
  #switching = false;
  #isOnline = false;
  #wasOnline = false;
  #offlineSince: number;
  #unknownCommands = 0;
  #drawing = false;
  #drawAgain = false;
  #telling = false;
  #told = "";
  #retry: Timer | undefined;
  #end: (() => void) | undefined;
  #closed = false;

  /** @throws `flow/bad-option` */
  constructor(parts: ClimateParts) {
    const { clock, link, log = () => {}, options = {} } = parts;
    this.#parts = parts;
    this.#log = log;
    this.settings = resolveClimateOptions(options);
    const { id, readings, qos, limit, format } = this.settings;
    this.#schedule = new Schedule({ clock, onFailure: (text) => log("warn", text) });
    this.#sink = toMqtt(link, readings, {
      qos,
      limit,
      format: (event) => formatReading(event, format),
      say: (text) => this.#closed || log("warn", text),
    });
    const health = (name: string) => new Health(name, clock, log, () => this.#changed());
    this.#sensorHealth = health(`the sensor ${id}`);
    this.#ledHealth = health("the LED");
    this.#displayHealth = health("the display");
    this.#offlineSince = clock.monotonic();
  }

  /** Readings that are where they belong, that wait, and that are lost. */
  get counts(): { readonly written: number; readonly waiting: number; readonly dropped: number } {
    const { written, dropped, refused } = this.#sink.counts;
    return { written, waiting: this.#sink.waiting, dropped: dropped + refused };
  }

  get state(): ClimateState {
    return {
      online: true,
      led: this.#switched === 1 ? "on" : "off",
      sensor: this.#sensorHealth.text,
      actuator: this.#parts.led ? this.#ledHealth.text : "none",
      display: this.#parts.display ? this.#displayHealth.text : "none",
      dropped: this.counts.dropped,
      unknownCommands: this.#unknownCommands,
    };
  }

  /** Begins. Starting twice does nothing. */
  start(): void {
    if (this.#end || this.#closed) return;
    const { id, everyMs } = this.settings;
    const readings = fromSensor(this.#parts.sensor, {
      id,
      every: everyMs,
      schedule: this.#schedule,
      check: checkClimate,
    });
    const seen = readings.subscribe((reading) => this.#see(reading));
    const published = readings.pipe(onlyEvents()).subscribe(this.#sink);
    this.#end = () => {
      seen.unsubscribe();
      published.unsubscribe();
    };
    void this.#listen();
    void this.#switch();
    this.#draw();
  }

  /** Takes a status of the client; only `connected` and `disconnected` count. */
  brokerStatus(status: { readonly type: string }): void {
    const { clock } = this.#parts;
    if (status.type === "connected" && !this.#isOnline) {
      this.#isOnline = true;
      const away = formatSpan(clock.monotonic() - this.#offlineSince);
      if (this.#wasOnline) {
        this.#log(
          "info",
          `the broker is there after ${away}; readings that waited for it: ${this.#sink.waiting}`,
        );
      }
      this.#wasOnline = true;
      // The will may have spoken meanwhile.
      this.#told = "";
    } else if (status.type === "disconnected" && this.#isOnline) {
      this.#isOnline = false;
      this.#offlineSince = clock.monotonic();
      this.#log("warn", "the broker is away; readings wait for it");
    } else return;
    this.#changed();
  }

  /** Ends reading, and tells that it is gone. What the client still holds is the client's. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#end?.();
    this.#schedule.close();
    this.#retry?.cancel();
    if (!this.#isOnline) return;
    const { topic, payload, qos, retain } = createClimateWill(this.settings);
    await this.#parts.link.publish(topic, payload, { qos, retain }).catch(() => {});
  }

  #see(reading: SensorReading<ClimateSample>): void {
    if (isFault(reading)) this.#sensorHealth.bad(reading.fault.message);
    else {
      this.#reading = reading.value;
      this.#sensorHealth.good();
    }
    // An LED that could not be switched is tried again with each reading; so is a display.
    void this.#switch();
    this.#draw();
  }

  async #listen(): Promise<void> {
    const { link, clock } = this.#parts;
    const { output } = this.settings;
    try {
      await link.subscribe(output, { qos: 1 }, (message) => this.#obey(message));
    } catch (error) {
      if (this.#closed) return;
      this.#log(
        "warn",
        `commands on ${output} cannot be heard: ${messageOf(error)}; asking again in a minute`,
      );
      this.#retry = clock.setTimer(askAgainMs, () => void this.#listen());
    }
  }

  #obey({ topic, payload }: LinkMessage): void {
    const word = decodeUtf8(payload)?.trim().toLowerCase();
    if (word === "on" || word === "off") {
      this.#wanted = word === "on" ? 1 : 0;
      void this.#switch();
      return;
    }
    this.#unknownCommands++;
    if (this.#unknownCommands === 1) {
      this.#log(
        "warn",
        `a message on ${topic} is neither on nor off: ${show(word ?? `${payload.length} bytes`)}`,
      );
    }
    this.#changed();
  }

  /** Brings the LED to what is wanted, one attempt at a time. */
  async #switch(): Promise<void> {
    const { led } = this.#parts;
    if (!led || this.#switching) return;
    this.#switching = true;
    try {
      while (this.#switched !== this.#wanted && !this.#closed) {
        const wanted = this.#wanted;
        this.#switched = undefined;
        await led.write(wanted);
        this.#switched = wanted;
        this.#ledHealth.good();
        this.#changed();
      }
    } catch (error) {
      this.#ledHealth.bad(messageOf(error));
    }
    this.#switching = false;
  }

  #changed(): void {
    this.#draw();
    void this.#tell();
  }

  /** Draws, one picture at a time; what changes meanwhile is drawn behind it. */
  #draw(): void {
    const { display } = this.#parts;
    if (!display || this.#closed) return;
    this.#drawAgain = true;
    if (!this.#drawing) void this.#drawOn(display);
  }

  async #drawOn(display: Display): Promise<void> {
    this.#drawing = true;
    while (this.#drawAgain && !this.#closed) {
      this.#drawAgain = false;
      drawScreen(display.canvas, {
        reading: this.#sensorHealth.isGood ? this.#reading : undefined,
        isOnline: this.#isOnline,
        isLit: this.#switched === 1,
        waiting: this.#sink.waiting,
        trouble: this.#trouble(),
      });
      try {
        await display.show();
        this.#displayHealth.good();
      } catch (error) {
        this.#displayHealth.bad(messageOf(error));
        // Not at once: with the next reading.
        this.#drawAgain = false;
      }
    }
    this.#drawing = false;
  }

  #trouble(): string | undefined {
    if (!this.#sensorHealth.isGood) return "no sensor";
    return this.#ledHealth.isGood ? undefined : "no LED";
  }

  /** Tells the state if it is news; only the newest waits for the broker. */
  async #tell(): Promise<void> {
    if (this.#telling || this.#closed || !this.#isOnline) return;
    const text = JSON.stringify(this.state);
    if (text === this.#told) return;
    this.#telling = true;
    this.#told = text;
    try {
      await this.#parts.link.publish(this.settings.state, text, { qos: 1, retain: true });
    } catch (error) {
      if (!this.#closed) this.#log("warn", `the state could not be told: ${messageOf(error)}`);
    }
    this.#telling = false;
    if (JSON.stringify(this.state) !== text) await this.#tell();
  }
}
