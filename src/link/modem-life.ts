import { type BytePort, createAborter, messageOf, type OpenBytePort, show, sleep } from "../base/index.ts";
import { type Message, MqttClient, mqttErrors, type Status } from "../mqtt/index.ts";
import type { LinkAnswer, LinkInit, LinkPublication, LinkRequest } from "../wire/index.ts";
import { linkErrors } from "./errors.ts";
import type { ModemOptions } from "./modem.ts";
import { linkStatus } from "./status.ts";

interface ModemLifeOptions extends ModemOptions {
  /** Whether the host confirms messages at QoS 1 and 2. */
  readonly confirms: () => boolean;
  /** Says something to the host; resolves when the wire has taken it, with `false` if the host can't be told it. */
  readonly answer: (answer: LinkAnswer) => Promise<boolean>;
  /** Counts what the host asked for beyond all limits. */
  readonly drop: () => void;
}

/** What one host may have under way: more than any that waits for answers, and less than memory. */
const limits = { publications: 1000, bytes: 16_777_216, filters: 1000 } as const;

/** How long the network that the machine is set up for is waited for, as the classic modem does. */
const defaultNetworkMs = 15_000;

/** The modem's side of one life: from where the host begins to where it, or the wire, ends. */
export class ModemLife {
  /** Where it stands, for people. */
  phase: "idle" | "network" | "asking" | "broker" | "running" | "failed" = "idle";
  /** Whether the host said that it ends. */
  saidGoodbye = false;
  readonly #options: ModemLifeOptions;
  readonly #aborter = createAborter();
  #will: LinkPublication | undefined;
  #client: MqttClient | undefined;
  /** The connection to the broker. */
  #port: BytePort | undefined;

  /** Whether the host was last told that the broker is there. */
  #wasUp = true;
  #goAhead: (() => void) | undefined;
  /** Messages that the host has not confirmed. */
  readonly #untaken = new Map<number, () => void>();
  #lastId = 0;
  /** Publications that the broker has not confirmed. */
  readonly #underway = { publications: 0, bytes: 0 };
  readonly #filters = new Set<string>();
  #readsTime = false;

  constructor(options: ModemLifeOptions) {
    this.#options = options;
  }

  /** Whether the broker is there. */
  get online(): boolean {
    return this.#client?.connected ?? false;
  }

  /** Does what the host asks for. */
  take(request: LinkRequest): void {
    if (this.phase === "asking") {
      // Whatever the host says now means: go on.
      this.#goAhead?.();
      if (request.type === "go-ahead") return;
    }
    switch (request.type) {
      case "will":
        this.#will = request;
        this.#say(linkStatus.WILLOK);
        return;
      case "init":
        if (this.phase === "idle") void this.#start(request.init);
        else this.#say(linkStatus.UNKNOWN, "init came twice: reset the modem first");
        return;
      case "time":
        void this.#tellTime();
        return;
      case "command":
        this.#obey(request.words);
        return;
      case "taken":
        this.#untaken.get(request.id)?.();
        return;
      case "go-ahead":
        return;
      case "goodbye":
        this.saidGoodbye = true;
        return;
      default:
        this.#use(request);
    }
  }

  /** @param lost the host is gone without a word: then the broker hears no goodbye, and publishes the will */
  async end(lost: boolean): Promise<void> {
    if (lost && !this.saidGoodbye) this.#port?.close("abort");
    this.#aborter.abort(linkErrors.create("link/closed", "this life of the modem is over"));
    for (const taken of this.#untaken.values()) taken();
    await this.#client?.close();
  }

  /** What needs the broker. */
  #use(request: Extract<LinkRequest, { type: "publish" | "subscribe" | "unsubscribe" }>): void {
    const client = this.#client;
    if (!client || this.phase !== "running") {
      this.#say(linkStatus.UNKNOWN, `Expected init, got: ${request.type}`);
      return;
    }
    if (request.type === "publish") void this.#publish(client, request);
    else if (request.type === "subscribe") {
      if (this.#filters.size >= limits.filters) return this.#options.drop();
      this.#filters.add(request.filter);
      client.subscribe(request.filter, { qos: request.qos }).catch((error: unknown) => {
        if (!mqttErrors.is(error, "mqtt/closed")) this.#trouble(error);
      });
    } else {
      this.#filters.delete(request.filter);
      client.unsubscribe(request.filter).catch((error: unknown) => this.#trouble(error));
    }
  }

  async #start(init: LinkInit): Promise<void> {
    try {
      await this.#joinNetwork(init);
      this.phase = "broker";
      this.#say(linkStatus.BROKER_CHECK);
      await this.#connect(init);
      this.phase = "running";
      this.#options.onNote?.("running for a host");
      this.#say(linkStatus.BROKER_OK);
      this.#say(linkStatus.RUNNING);
      this.#say(linkStatus.WIFI_UP);
    } catch (error) {
      if (this.#aborter.signal.aborted) return;
      this.phase = "failed";
      this.#trouble(error);
      const lost = linkErrors.is(error, "link/no-network");
      this.#say(lost ? linkStatus.WIFI_DOWN : linkStatus.BROKER_FAIL, messageOf(error));
    }
  }

  async #joinNetwork({ useDefaultNetwork = true, ssid = "", password = "" }: LinkInit): Promise<void> {
    const { network, clock } = this.#options;
    const { signal } = this.#aborter;
    this.phase = "network";
    if (useDefaultNetwork) {
      this.#say(linkStatus.DEFNET);
      const late = sleep(clock, defaultNetworkMs, signal).then(() => false);
      if (await Promise.race([network.useDefault(signal), late])) return;
    }
    this.phase = "asking";
    const answered = new Promise<void>((resolve) => (this.#goAhead = resolve));
    this.#say(linkStatus.SPECNET);
    await Promise.race([answered, aborted(signal)]);
    this.#goAhead = undefined;
    this.phase = "network";
    await network.use({ ssid, password }, signal);
  }

  /** Opens the connection to the broker, and once that has worked keeps it up. */
  async #connect(init: LinkInit): Promise<void> {
    const { clock, random, openBroker, client = {} } = this.#options;
    let refuse: (error: unknown) => void = ignore;
    const refused = new Promise<never>((_resolve, reject) => (refuse = reject));
    const broker = openBroker(init);
    const { user = broker.username, brokerPassword = broker.password } = init;
    const { clientId = this.#options.clientId } = init;
    const one = new MqttClient({
      incomingLimit: 100,
      ...client,
      open: [broker.open].flat().map(
        (open): OpenBytePort =>
          async (way) =>
            (this.#port = await open(way)),
      ),
      clock,
      random,
      clean: init.cleanSession ?? true,
      keepaliveSeconds: init.keepaliveSeconds ?? 60,
      offlinePolicy: "wait",
      ...(clientId === undefined ? {} : { clientId }),
      ...(user === undefined ? {} : { username: user }),
      ...(user === undefined || brokerPassword === undefined ? {} : { password: brokerPassword }),
      ...(this.#will ? { will: this.#will } : {}),
      onMessage: (message) => this.#deliver(message),
      onStatus: (status) => {
        if (this.phase === "running") this.#tellStatus(status);
        else if (status.type === "disconnected") refuse(status.error ?? new Error("the broker hung up"));
      },
    });
    this.#client = one;
    one.start();
    try {
      await Promise.race([one.ready(this.#aborter.signal), refused]);
    } catch (error) {
      await one.close();
      throw error;
    }
  }

  #tellStatus(status: Status): void {
    // Each attempt fails anew; the host is told once.
    if (status.type === "connected" && !this.#wasUp) {
      this.#wasUp = true;
      this.#say(linkStatus.WIFI_UP);
    } else if (status.type === "disconnected" && this.#wasUp) {
      this.#wasUp = false;
      this.#say(linkStatus.WIFI_DOWN, status.error ? messageOf(status.error) : "");
    }
  }

  async #publish(client: MqttClient, request: Extract<LinkRequest, { type: "publish" }>): Promise<void> {
    const { id, topic, payload, retain, qos } = request;
    const underway = this.#underway;
    // No answer: what the host wants to be sure of it will send again.
    if (underway.publications >= limits.publications || underway.bytes > limits.bytes)
      return this.#options.drop();
    underway.publications++;
    underway.bytes += payload.length;
    const finish = () => {
      underway.publications--;
      underway.bytes -= payload.length;
    };
    try {
      const done = client.publish(topic, payload, { retain, qos });
      done.then(finish, finish);
      // At QoS 0 the host's part is done, whether there is a broker or not.
      if (qos > 0) await done;
      else done.catch((error: unknown) => this.#trouble(error));
      await this.#options.answer({ type: "published", id, ok: true });
    } catch (error) {
      // What ends with the client the host will send again.
      if (mqttErrors.is(error, "mqtt/closed")) return;
      this.#trouble(error);
      await this.#options.answer({ type: "published", id, ok: false });
    }
  }

  /** A message from the broker: it is acknowledged there when the host has it. */
  async #deliver({ topic, payload, qos, retain }: Message): Promise<void> {
    const id = (this.#lastId = (this.#lastId % 65_535) + 1);
    const answer: LinkAnswer = { type: "message", id, topic, payload, qos, retained: retain };
    if (qos === 0 || !this.#options.confirms()) {
      await this.#options.answer(answer);
      return;
    }
    const taken = new Promise<void>((resolve) => this.#untaken.set(id, resolve));
    // One that is too long for the host is dropped: it would come again and again.
    if (await this.#options.answer(answer)) await taken;
    this.#untaken.delete(id);
    // Of what the host never took the broker must not hear that it did.
    if (this.#aborter.signal.aborted) await new Promise(() => {});
  }

  async #tellTime(): Promise<void> {
    // One question at a time: a host that asks without end must not flood a server.
    if (this.#readsTime) return;
    this.#readsTime = true;
    let time = 0;
    try {
      time = Math.round(await this.#options.time.read(this.#aborter.signal));
    } catch (error) {
      this.#trouble(error);
    }
    this.#readsTime = false;
    await this.#options.answer({ type: "time", time });
  }

  #obey(words: readonly string[]): void {
    if (words[0] === "mem") void this.#options.answer({ type: "memory", ...this.#options.readMemory() });
    else this.#say(linkStatus.UNKNOWN, `Unknown command: ${show(words.join(" "))}`);
  }

  #say(status: number, text = ""): void {
    void this.#options.answer({ type: "status", status, text });
  }

  #trouble(error: unknown): void {
    if (!this.#aborter.signal.aborted) this.#options.onTrouble?.(messageOf(error));
  }
}

/** Rejects when the signal is aborted. */
function aborted(signal: ReturnType<typeof createAborter>["signal"]): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function ignore(): void {}
