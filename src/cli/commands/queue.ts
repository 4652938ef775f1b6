import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { systemClock } from "../../node/index.ts";
import type { QueueItem, QueueSummary } from "../../topics/index.ts";
import { parseWhole } from "../options.ts";
import { formatAgo, formatTable, printData, printError, printLine, toPrintable } from "../output.ts";
import { addRequestOptions, askGateway, type RequestOptions } from "../request.ts";

interface AddOptions extends RequestOptions {
  readonly ttl?: number;
  readonly priority?: number;
  readonly policy?: "fifo" | "latest";
  readonly transaction?: string;
}

/** `moteq queue`: what waits for sleeping nodes, and changing it. */
export function addQueueCommand(program: Command, signal: AbortSignal): void {
  const queue = program.command("queue").description("Shows and changes what waits for sleeping nodes.");

  addRequestOptions(
    queue.command("list [node]").description("Lists the nodes for which messages wait."),
  ).action(async (node: string | undefined, options: RequestOptions) => {
    const request = node === undefined ? {} : { node };
    const list = await askGateway(options, "queue/list", request, signal);
    printData(options, list, () => printSummaries(list));
  });

  addRequestOptions(
    queue
      .command("show <node>")
      .description("Shows the messages that wait for a node, in the order in which they go.")
      .addOption(
        new Option("-n, --limit <count>", "how many at most").default(100).argParser(parseWhole(1, 1000)),
      ),
  ).action(async (node: string, options: RequestOptions & { readonly limit: number }) => {
    const contents = await askGateway(options, "queue/show", { node, limit: options.limit }, signal);
    printData(options, contents, () => printMessages(contents.messages, contents.queued));
  });

  addRequestOptions(
    queue
      .command("add <node> <topic> <message>")
      .description("Queues a message for one node, and says its number.")
      .addOption(
        new Option("--ttl <seconds>", "drop it when it is older").argParser(parseWhole(1, 316_224_000)),
      )
      .addOption(new Option("--priority <level>", "0 to 9: higher ones go first").argParser(parseWhole(0, 9)))
      .addOption(
        new Option("--policy <name>", "latest: in place of older ones on its topic").choices([
          "fifo",
          "latest",
        ]),
      )
      .option("--transaction <text>", "what its fate is to be told with"),
  ).action(async (node: string, topic: string, payload: string, options: AddOptions) => {
    const { ttl, priority, policy, transaction } = options;
    const wish = {
      ...(ttl === undefined ? {} : { ttl }),
      ...(priority === undefined ? {} : { priority }),
      ...(policy === undefined ? {} : { policy }),
      ...(transaction === undefined ? {} : { fateTransaction: transaction }),
    };
    const added = await askGateway(options, "queue/add", { node, topic, payload, ...wish }, signal);
    printData(options, added, `queued as message ${added.id} of node ${added.node}`);
  });

  addRequestOptions(queue.command("drop <node>").description("Drops messages by their numbers."))
    .addArgument(new Argument("<id...>", "as `moteq queue show` gives them").argParser(collectIds))
    .action(async (node: string, ids: number[], options: RequestOptions) => {
      const done = await askGateway(options, "queue/drop", { node, ids }, signal);
      printData(options, done, `dropped: ${done.dropped}`);
      const missing = ids.length - done.dropped;
      if (missing === 0) return;
      printError(`${missing} of these numbers wait no more; \`moteq queue show\` gives those that do`);
      process.exitCode = 1;
    });

  addRequestOptions(queue.command("flush <node>").description("Drops all that waits for a node.")).action(
    async (node: string, options: RequestOptions) => {
      const done = await askGateway(options, "queue/flush", { node }, signal);
      printData(options, done, `dropped: ${done.dropped}`);
    },
  );
}

function collectIds(text: string, before: readonly number[] | undefined): number[] {
  const id = Number(text);
  if (text !== "" && Number.isInteger(id) && id >= 0) return [...(before ?? []), id];
  throw new InvalidArgumentError("It must be a message's number.");
}

function printSummaries(list: readonly QueueSummary[]): void {
  if (list.length === 0) {
    printLine("Nothing waits for any node.");
    return;
  }
  const rows = list.map(({ node, name, queued, bytes, nextExpiry }) => [
    node,
    toPrintable(name),
    String(queued),
    String(bytes),
    until(nextExpiry),
  ]);
  for (const line of formatTable(["node", "name", "queued", "bytes", "next expires"], rows)) printLine(line);
}

function printMessages(messages: readonly QueueItem[], queued: number): void {
  if (messages.length === 0) {
    printLine("Nothing waits for this node.");
    return;
  }
  const rows = messages.map((message) => [
    String(message.id),
    `${formatAgo(systemClock.now() - Date.parse(message.queuedAt))} ago`,
    until(message.expiresAt),
    String(message.priority),
    message.policy,
    toPrintable(message.topic),
    toPrintable(message.payload),
  ]);
  const heading = ["id", "queued", "expires", "priority", "policy", "topic", "message"];
  for (const line of formatTable(heading, rows)) printLine(line);
  if (queued > messages.length) printLine(`… and ${queued - messages.length} more (--limit shows more)`);
}

function until(time: string | null): string {
  return time === null ? "never" : `in ${formatAgo(Date.parse(time) - systemClock.now())}`;
}
