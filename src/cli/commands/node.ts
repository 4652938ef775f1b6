import { type Command, Option } from "commander";
import { encodeUtf8 } from "../../base/index.ts";
import { toMacAddress } from "../../device/index.ts";
import { LinkNode, type NodeMessage, PrototypeNode } from "../../mote/index.ts";
import { systemClock, UdpRadio, type UdpEndpoint } from "../../node/index.ts";
import { cliErrors } from "../errors.ts";
import { parseQos } from "../options.ts";
import { printError, printLine, toPrintable } from "../output.ts";
import { untilInterrupted } from "../session.ts";

interface NodeOptions {
  readonly gateway: string;
  readonly gatewayAddress: string;
  readonly address: string;
  readonly dialect: "link" | "prototype";
  readonly json?: boolean;
}

type Mote = { link: LinkNode; prototype?: never } | { prototype: PrototypeNode; link?: never };

/** `moteq node`: a node at the command line, over UDP. */
export function addNodeCommand(program: Command, signal: AbortSignal): void {
  const node = program
    .command("node")
    .description("Is a node: speaks frames to a gateway that runs with --radio udp:…")
    .option("--gateway <host:port>", "where the gateway's UDP radio is", "127.0.0.1:47000")
    .option("--gateway-address <mac>", "the gateway's radio address", "02006d6f7465")
    .option("--address <mac>", "this node's own radio address", "02006e6f6465")
    .addOption(
      new Option("--dialect <name>", "what it speaks").choices(["link", "prototype"]).default("link"),
    )
    .option("--json", "answers and messages as lines of JSON");

  /** Adds one thing that a node can do; `work` says how it went and whether that is well. */
  const add = (
    words: string,
    description: string,
    work: (mote: Mote, words: string[], options: Record<string, unknown>, print: Printer) => Promise<Outcome>,
  ) =>
    node
      .command(words)
      .description(description)
      .action(async (...parameters: unknown[]) => {
        const command = parameters.at(-1) as Command;
        const options = command.optsWithGlobals<NodeOptions & Record<string, unknown>>();
        const print = createPrinter(options.json === true);
        const { outcome, well } = await withMote(options, (mote) =>
          work(mote, command.processedArgs as string[], options, print),
        );
        if (outcome !== undefined) print({ outcome });
        if (outcome === "not-delivered") {
          printError(`no gateway answers at ${options.gateway}: does moteq up --radio udp:PORT run there?`);
        }
        if (!well) process.exitCode = 1;
      });

  add(
    "publish <topic> <message>",
    "publishes a message",
    async (mote, [topic = "", message = ""], options) => {
      const payload = encodeUtf8(message);
      const retain = options["retain"] === true;
      const qos = options["qos"] as 0 | 1 | 2;
      // The gateway answers publications in the dialect link once it knows that the node speaks it.
      await mote.link?.ping({ signal });
      const outcome = mote.link
        ? await mote.link.publish(topic, payload, { retain, qos, signal })
        : await mote.prototype.publish(topic, payload, {
            retain,
            qos,
            signal,
            acknowledge: options["acknowledge"] === true,
          });
      // With "broker-out" the gateway has it: to publish again would double it.
      return { outcome, well: !["refused", "no-answer", "not-delivered"].includes(outcome) };
    },
  )
    .option("-q, --qos <0|1|2>", "how surely the gateway is to pass it on", parseQos, 0 as const)
    .option("-r, --retain", "let the broker keep it for new subscribers")
    .option("-a, --acknowledge", "ask for an acknowledgement (dialect prototype)");

  add(
    "subscribe <filter>",
    "subscribes to a topic; the gateway remembers it",
    async (mote, [filter = ""], options) => {
      const qos = options["qos"] as 0 | 1 | 2;
      return delivery(await (mote.link ?? mote.prototype).subscribe(filter, { qos, signal }));
    },
  ).option("-q, --qos <0|1|2>", "how surely the broker is to pass messages on", parseQos, 1 as const);

  add("unsubscribe <filter>", "ends a subscription", async (mote, [filter = ""]) =>
    delivery(await (mote.link ?? mote.prototype).unsubscribe(filter, { signal })),
  );

  add(
    "listen [filter]",
    "shows messages as they come, until Ctrl-C",
    async (mote, [filter], _options, print) => {
      let heard = "";
      await untilInterrupted(signal, async () => {
        // The gateway sends to where it heard the node last, so the node says something first.
        if (filter !== undefined) await (mote.link ?? mote.prototype).subscribe(filter, { qos: 1, signal });
        heard = mote.link
          ? await mote.link.ping({ signal })
          : await mote.prototype.publish("dummy", "dummy", { signal });
        if (heard === "not-delivered") return;
        await (mote.link ?? mote.prototype).listen((message) => print(message), {
          silenceMs: Infinity,
          signal,
        });
      });
      return heard === "not-delivered" ? delivery(false) : { outcome: undefined, well: true };
    },
  );

  add("get", "fetches what waits for the node (dialect link)", async (mote, _words, _options, print) => {
    let came = 0;
    const delivered = await linkOf(mote).get(
      (message) => {
        came++;
        print(message);
      },
      { signal },
    );
    return delivered && came === 0 ? { outcome: "nothing-came", well: true } : delivery(delivered);
  });

  add("ping", "asks whether the broker is there (dialect link)", async (mote) => {
    const outcome = await linkOf(mote).ping({ signal });
    return { outcome, well: outcome === "up" || outcome === "down" };
  });

  add("channel", "asks for the gateway's channel (dialect link)", async (mote) => {
    const channel = await linkOf(mote).getChannel({ signal });
    return { outcome: channel === undefined ? "no-answer" : String(channel), well: channel !== undefined };
  });
}

interface Outcome {
  readonly outcome: string | undefined;
  readonly well: boolean;
}

type Printer = (line: NodeMessage | { outcome: string }) => void;

function delivery(delivered: boolean): Outcome {
  return { outcome: delivered ? "delivered" : "not-delivered", well: delivered };
}

function createPrinter(json: boolean): Printer {
  return (line) => {
    if (json) printLine(JSON.stringify(line));
    else if ("outcome" in line) printLine(line.outcome);
    else
      printLine(
        `${toPrintable(line.topic)} ${toPrintable(line.message)}${line.retained ? " (retained)" : ""}`,
      );
  };
}

async function withMote<T>(options: NodeOptions, work: (mote: Mote) => Promise<T>): Promise<T> {
  const radio = await UdpRadio.open({
    address: addressOf("--address", options.address),
    gateway: endpointOf(options.gateway),
  });
  const settings = {
    radio,
    clock: systemClock,
    gateway: addressOf("--gateway-address", options.gatewayAddress),
    // No battery is at stake here, and a gateway at the other end of a network may be slow.
    silenceMs: 500,
  };
  try {
    return await work(
      options.dialect === "link"
        ? { link: new LinkNode(settings) }
        : { prototype: new PrototypeNode(settings) },
    );
  } finally {
    await radio.close();
  }
}

function linkOf(mote: Mote): LinkNode {
  if (mote.link) return mote.link;
  throw cliErrors.create("cli/bad-argument", "the dialect prototype has no such command; say --dialect link");
}

function addressOf(option: string, given: string): string {
  const address = toMacAddress(given);
  if (address) return address;
  throw cliErrors.create("cli/bad-argument", `${option} takes 12 hexadecimal digits, got "${given}"`);
}

function endpointOf(given: string): UdpEndpoint {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(given) ?? [];
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw cliErrors.create("cli/bad-argument", `--gateway takes HOST:PORT, got "${given}"`);
}
