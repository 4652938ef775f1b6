import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/node/mqtt.ts";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { root } from "../house/imports.ts";
import { freePort } from "../support/mosquitto.ts";
import { freeUdpPort } from "../support/moteq-up.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-cli-"));

interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  out(): string;
  err(): string;
}

/** Runs `moteq` in an empty folder, as built. */
function start(words: readonly string[], environment: Record<string, string> = {}): Running {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MOTEQ_"));
  const child = spawn(process.execPath, [join(root, "bin/moteq.js"), ...words], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(environment["INPUT"] ?? "");
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, exit, out: () => out, err: () => err };
}

async function run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const running = start(words);
  const code = await running.exit;
  return { code, out: running.out(), err: running.err() };
}

/** Runs `moteq node`; again if no acknowledgement came in time, which happens on a busy machine as on the air. */
async function runNode(...words: string[]): ReturnType<typeof run> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await run("node", ...words);
    if (outcome.code === 0 || attempt === 10) return outcome;
  }
}

/** A broker of one test's own. */
async function startEmbeddedBrokerOn(port: number) {
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
  return { ...broker, [Symbol.asyncDispose]: () => broker.close() };
}

/** Repeats something until it does not throw any more, for up to 15 seconds. */
async function eventually(attempt: () => Promise<void>): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

describe("moteq with a gateway that runs (real)", () => {
  let up: Running;
  let broker = "";
  let gateway = "";

  beforeAll(async () => {
    const port = await freePort();
    const radio = await freeUdpPort();
    broker = `mqtt://127.0.0.1:${port}`;
    gateway = `127.0.0.1:${radio}`;
    up = start(["up", "--port", String(port), "--radio", `udp:${radio}`, "--classic", "open", "--traffic"], {
      MOTEQ_GATEWAY_LPMODE: "false",
    });
    await until(() => up.out().includes("Ctrl-C ends it."));
  });

  afterAll(async () => {
    up.child.kill("SIGINT");
    expect(await up.exit).toBe(0);
    expect(up.out()).toContain("moteq has ended.");
  });

  it("brings a node's message to a subscriber and shows it as traffic", async () => {
    const sub = start(["sub", "shed", "-v", "-C", "1", "--broker", broker]);
    let outcome = { code: 1 as number | null, out: "", err: "" };
    // The subscriber may not be there yet: a node publishes until it has seen something.
    for (let attempt = 0; attempt < 20 && sub.child.exitCode === null; attempt++) {
      outcome = await runNode("publish", "shed", "hello", "--gateway", gateway);
    }
    expect([await sub.exit, sub.out()]).toEqual([0, "shed hello\n"]);
    expect(outcome).toMatchObject({ code: 0, err: "" });
    expect(up.out()).toMatch(/shed +hello/);
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const sub = start(["sub", "#", "--broker", broker]);
    sub.child.stdout?.destroy();
    // Retained messages come at once: the first one finds the pipe closed.
    expect(await sub.exit).toBe(0);
    expect(sub.err()).toBe("");
  });

  it("lists a node as soon as it has said something, and keeps messages for it", async () => {
    const node = ["--gateway", gateway, "--address", "02:00:00:00:00:01"];
    expect(await runNode("ping", ...node)).toMatchObject({ code: 0, out: "up\n" });
    const known = expect.objectContaining({ node: "020000000001", dialect: "link" }) as unknown;
    await eventually(async () => {
      const { out } = await run("nodes", "--json", "--broker", broker);
      expect(JSON.parse(out)).toContainEqual(known);
    });
    const { out: table } = await run("nodes", "--broker", broker);
    expect(table.split("\n")[0]).toMatch(/^node +name +dialect +last seen +rssi +state +queued +counters$/);
    expect(table).toContain("020000000001");

    const published = await run("pub", "allnodes", "red", "-q", "1", "--broker", broker);
    expect(published).toMatchObject({ code: 0, out: "", err: "" });
    await eventually(async () => {
      expect((await runNode("get", ...node)).out).toContain("allnodes red\n");
    });
  });

  const queue = async (...args: string[]) => run("queue", ...args, "--broker", broker);

  it("shows and changes what waits for a node", async () => {
    const node = ["--gateway", gateway, "--address", "020000000003"];
    await runNode("ping", ...node);
    await runNode("get", ...node);
    // Two messages, although their fates are to be told with one transaction.
    const job = ["--transaction", "job"];
    const first = await queue("add", "020000000003", "cmd", "on", "--ttl", "600", "--priority", "9", ...job);
    expect(first).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^queued as message \d+ of node 020000000003\n$/) as string,
    });
    await queue("add", "020000000003", "cmd", "off", ...job);
    const { out: list } = await queue("list");
    expect(list).toMatch(/^node +name +queued +bytes +next expires\n/);
    expect(list).toMatch(/^020000000003 +020000000003 +2 +11 +in 10 min$/m);
    const { out: shown } = await queue("show", "020000000003", "--json");
    const { messages } = JSON.parse(shown) as { messages: { id: number; payload: string }[] };
    expect(messages.map(({ payload }) => payload)).toEqual(["on", "off"]);
    expect((await queue("show", "020000000003")).out).toMatch(/ +9 +fifo +cmd +on$/m);
    const id = String(messages[0]?.id);
    expect((await queue("drop", "020000000003", id)).out).toBe("dropped: 1\n");
    expect(await queue("drop", "020000000003", id)).toMatchObject({
      code: 1,
      out: "dropped: 0\n",
      err: expect.stringContaining("1 of these numbers wait no more") as string,
    });
    expect((await runNode("get", ...node)).out).toBe("cmd off\ndelivered\n");
    expect((await runNode("get", ...node)).out).toBe("nothing-came\n");
    expect((await queue("flush", "020000000003")).out).toBe("dropped: 0\n");
    expect(await queue("show", "nobody")).toMatchObject({
      code: 2,
      err: expect.stringContaining('no node is called "nobody"') as string,
    });
    expect(await queue("drop", "020000000003", "x")).toMatchObject({ code: 2 });
  });

  const ask = async (...args: string[]) => run(...args, "--broker", broker);

  it("lets nodes in, names and removes them, and says how the gateway is", async () => {
    expect(await ask("allow", "02:00:00:00:00:07", "attic")).toMatchObject({
      code: 0,
      out: "node 020000000007 may come, and is called attic\n",
    });
    expect((await ask("rename", "attic", "cellar")).out).toBe("node 020000000007 is called cellar\n");
    expect(await ask("rename", "cellar", "a/b")).toMatchObject({ code: 2 });
    expect((await ask("remove", "cellar", "--deny")).out).toBe(
      "node 020000000007 is forgotten, and kept out\n",
    );
    expect((await ask("join", "open")).out).toMatch(/^open until .+\ncode (\w{5}-){3}\w{5}\n$/);
    expect((await ask("join", "code", "--node", "020000000007")).out).toMatch(/^code (\w{5}-){3}\w{5}, good/);
    expect((await ask("join", "close", "--codes")).out).toBe("closed\ncodes revoked: 1\n");
    expect(await ask("channel", "move", "11", "--in", "60")).toMatchObject({
      code: 2,
      err: expect.stringContaining("cannot change its channel") as string,
    });
    expect(await ask("channel", "move", "15")).toMatchObject({
      code: 2,
      err: expect.stringContaining("a whole number from 1 to 14") as string,
    });
    expect((await ask("channel", "cancel")).out).toBe("no move was planned\n");
    const health = await ask("health");
    expect(health.out).toMatch(/^part +status +problem\nmqtt +ok\nradio +ok\nqueue +\w+.*\njournal +ok\nall/);
    expect(health.code).toBe(0);
  });

  it("hands messages at once to a node that listens", async () => {
    const node = ["--gateway", gateway, "--address", "020000000002"];
    const listening = start(["node", "listen", "now", ...node]);
    await eventually(async () => {
      await run("pub", "now", "hello", "--broker", broker);
      expect(listening.out()).toContain("now hello\n");
    });
    listening.child.kill("SIGINT");
    expect(await listening.exit).toBe(0);
    expect(await runNode("unsubscribe", "now", ...node)).toMatchObject({ code: 0, out: "delivered\n" });
  });

  it("answers a node's questions", async () => {
    expect(await runNode("ping", "--gateway", gateway)).toMatchObject({ code: 0, out: "up\n" });
    expect(await runNode("channel", "--gateway", gateway)).toMatchObject({ code: 0, out: "1\n" });
  });

  it("publishes what it reads from standard input", async () => {
    const sub = start(["sub", "input", "-C", "1", "--json", "--broker", broker]);
    for (let attempt = 0; attempt < 20 && sub.child.exitCode === null; attempt++) {
      const pub = start(["pub", "input", "--stdin", "--broker", broker], { INPUT: "from a pipe" });
      expect(await pub.exit).toBe(0);
    }
    expect(JSON.parse(sub.out())).toEqual({ topic: "input", payload: "from a pipe", qos: 0, retain: false });
  });

  it("says whose the port is when a second one starts", async () => {
    const { code, err } = await run("up", "--port", broker.split(":")[2] ?? "", "--radio", "virtual");
    expect(code).toBe(1);
    expect(err).toMatch(
      /^moteq: port \d+ on 127\.0\.0\.1 is in use: another broker or another moteq has it\..*\n$/,
    );
    const other = await run("up", "--port", String(await freePort()), "--radio", `udp:${gateway}`);
    expect(other.err).toMatch(/^moteq: UDP port \d+ on 127\.0\.0\.1 is in use.*\n$/);
  });
});

describe("what a gateway has left at the broker (real)", () => {
  it("is said to be old when the gateway is offline", async () => {
    const port = await freePort();
    await using broker = await startEmbeddedBrokerOn(port);
    const client = connect(broker.url);
    const retain = { qos: 1, retain: true } as const;
    await client.publish("moteq/bridge/state", '{"state":"offline"}', retain);
    await client.publish("moteq/bridge/nodes", "[]", retain);
    await client.close();
    const [nodes, health] = await Promise.all([
      run("nodes", "--json", "--broker", broker.url),
      run("health", "--broker", broker.url),
    ]);
    expect(nodes).toMatchObject({
      code: 1,
      err: '{"warning":{"message":"the gateway is offline: this is what it said last"}}\n',
    });
    expect(JSON.parse(nodes.out)).toEqual([]);
    expect(health).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("the gateway is offline") as string,
    });
  });
});

describe("moteq up, killed (real)", () => {
  it("has a node's queue, subscriptions and dialect when it is started again", async () => {
    const [port, radio] = [await freePort(), await freeUdpPort()];
    const data = mkdtempSync(join(tmpdir(), "moteq-data-"));
    const words = [
      "up",
      "--port",
      String(port),
      "--radio",
      `udp:${radio}`,
      "--classic",
      "open",
      "--data",
      data,
    ];
    const broker = ["--broker", `mqtt://127.0.0.1:${port}`];
    const node = ["--gateway", `127.0.0.1:${radio}`];
    const first = start(words);
    await until(() => first.out().includes("Ctrl-C ends it."));
    await runNode("ping", ...node);
    await runNode("subscribe", "colour/+", ...node);
    await run("pub", "allnodes", "red", "-q", "1", ...broker);
    await eventually(async () => {
      const { out } = await run("nodes", "--json", ...broker);
      expect(JSON.parse(out)).toMatchObject([{ dialect: "link", queued: 1 }]);
    });
    first.child.kill("SIGKILL");
    await first.exit;

    const second = start(words);
    await until(() => second.out().includes("Ctrl-C ends it."));
    expect(second.out()).toContain(`data      ${data}`);
    const busy = await run(
      "up",
      "--port",
      String(await freePort()),
      "--radio",
      `udp:${await freeUdpPort()}`,
      "--data",
      data,
    );
    expect(busy).toMatchObject({ code: 1, err: expect.stringContaining("another moteq has it") as string });
    await run("pub", "colour/lamp", "blue", "-q", "1", ...broker);
    let got = "";
    await eventually(async () => {
      got += (await runNode("get", ...node)).out.replace(/delivered\n|nothing-came\n/, "");
      expect(got).toBe("allnodes red\ncolour/lamp blue\n");
    });
    second.child.kill("SIGINT");
    expect(await second.exit).toBe(0);
    rmSync(data, { recursive: true });
  });
});

describe("moteq climate and moteq screen (real)", () => {
  it("publish readings, obey, and show the display", async () => {
    const port = await freePort();
    await using broker = await startEmbeddedBrokerOn(port);
    const url = ["--broker", broker.url];
    const climate = start(["climate", "--every", "1", "--qos", "2", ...url]);
    const readings = await run("sub", "testincr", "-C", "2", ...url);
    expect(readings.out).toMatch(/^(t=\d\d\.\dC, h=\d\d\.\d%\.\n){2}$/);
    await run("pub", "output", "on", "-q", "1", ...url);
    await eventually(async () => {
      expect((await run("sub", "climate/state", "-C", "1", ...url)).out).toContain('"led":"on"');
    });
    const screen = await run("screen", "--once", ...url);
    expect(screen.out.split("\n").length).toBe(19);
    expect(screen.out).toMatch(/^┌─{64}┐\n│[\u2800-\u28ff]{64}│\n/);
    const json = await run("screen", "--once", "--json", ...url);
    expect(JSON.parse(json.out)).toMatchObject({ width: 128, height: 64 });
    climate.child.kill("SIGINT");
    expect(await climate.exit).toBe(0);
    expect(climate.out()).toMatch(/moteq has ended: \d+ readings are with the broker\.\n$/);
    expect((await run("sub", "climate/state", "-C", "1", ...url)).out).toBe('{"online":false}\n');
  });

  it("say what a picture is not, and that none came", async () => {
    const port = await freePort();
    await using broker = await startEmbeddedBrokerOn(port);
    await run("pub", "x", "no picture", "--retain", "--broker", broker.url);
    const screen = await run("screen", "--topic", "x", "-W", "2", "--broker", broker.url);
    expect(screen.code).toBe(1);
    expect(screen.err).toContain("a message on x is no picture of a display");
    expect(screen.err).toContain("a picture of a display did not come within 2 s");
  });
});

describe("moteq called wrongly (real)", () => {
  it.each([
    [["frobnicate"], 2, /unknown command 'frobnicate'/],
    [["pub", "a", "b", "-q", "3"], 2, /It must be 0, 1 or 2/],
    [["pub", "a"], 2, /pub takes one of a message, --stdin and --empty, got none/],
    [["pub", "a/#", "b", "--broker", "mqtt://127.0.0.1:9", "-W", "5"], 2, /holds a wildcard/],
    [["sub", "a/#/b", "--broker", "mqtt://127.0.0.1:9"], 2, /has a # that is not its last level/],
    [["up"], 2, /the gateway has no radio\. Say --radio auto for a dongle/],
    [["up", "--radio", "smoke"], 2, /--radio: expected virtual, or udp:PORT/],
    [["up", "--radio", "udp:99999"], 2, /--radio: expected .*a port from 0 to 65535/],
    [["up", "--port", "1900", "--broker", "mqtt://127.0.0.1:9"], 2, /give one of them/],
    [["climate", "--sensor", "bmp"], 2, /It must be simulated, iio or iio:NAME/],
    [["climate", "--led", "gpio:17"], 2, /It must be none, led:NAME or gpio:CHIP:LINE/],
    [["climate", "--display", "i2c:1:99"], 2, /i2c:BUS:ADDRESS/],
    [["climate", "--every", "0"], 2, /It must be from 1 to 86,400 seconds/],
    [["climate", "--readings", "a/#"], 2, /holds a wildcard/],
    [["up", "--config", "nowhere.yaml"], 2, /cannot read nowhere\.yaml/],
    [["node", "ping", "--gateway", "somewhere"], 2, /--gateway takes HOST:PORT/],
    [["node", "get", "--dialect", "prototype"], 2, /say --dialect link/],
    [["sub", "a", "--broker", "http://x"], 2, /--broker: expected a URL that begins with mqtt/],
  ])(
    "%j says what is wrong",
    async (words, expected, message) => {
      const { code, err } = await run(...words);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at /);
      expect(code).toBe(expected);
    },
    15_000,
  );

  it("names the line of a wrong configuration", async () => {
    writeFileSync(join(folder, "wrong.yaml"), "gateway:\n  qlen: ten\n");
    const { code, err } = await run("up", "--config", "wrong.yaml", "--radio", "virtual");
    expect([code, err]).toEqual([
      2,
      'moteq: wrong.yaml:2: gateway.qlen: expected a whole number from 1 to 1000000, found "ten"\n',
    ]);
  });

  it("says that no broker is there, once, and gives up in time", async () => {
    const { code, err } = await run(
      "pub",
      "a",
      "b",
      "-q",
      "1",
      "--broker",
      `mqtt://127.0.0.1:${await freePort()}`,
      "-W",
      "2",
    );
    expect(code).toBe(1);
    expect(err.match(/no broker at/g)).toHaveLength(1);
    expect(err).toContain("did not come within 2 s");
  });

  it("says that a broker hangs", async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const { code, err } = await run("nodes", "--broker", `mqtt://127.0.0.1:${port}`, "-W", "1");
    expect([code, err]).toEqual([1, "moteq: what the gateway says of itself did not come within 1 s\n"]);
    server.close();
  });

  it("prints help for each command", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const command of ["up", "sub", "pub", "nodes", "node"]) {
      expect(out).toContain(`  ${command} `);
      expect((await run(command, "--help")).code).toBe(0);
    }
  });
});
