import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/hub/index.ts";

function write(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "moteq-config-")), "moteq.yaml");
  writeFileSync(file, text);
  return file;
}

/** The mistakes found in a file, without the folder it is in. */
function mistakesIn(text: string, environment = {}): string[] {
  const file = write(text);
  try {
    loadConfig({ file, environment });
  } catch (error) {
    return (error as Error).message.replaceAll(file, "moteq.yaml").split("\n");
  }
  return [];
}

function linkOf(link: string) {
  return loadConfig({ file: write(`radio: { link: ${link} }\n`) }).radio.link;
}

describe("configuration", () => {
  it("has the seed's defaults", () => {
    expect(loadConfig({ environment: {} }).gateway).toMatchObject({
      qlen: 10,
      lpmode: true,
      pub_all: { topic: "allnodes", qos: 1 },
      errors: { topic: "gw_errors", retain: false, qos: 1 },
      status: { topic: "gw_status", retain: false, qos: 0 },
      statreq: { topic: "gw_query", qos: 0 },
      debug: false,
    });
  });

  it("takes the command line over the environment over the file", () => {
    const file = write("gateway:\n  qlen: 20\n  lpmode: false\nradio:\n  channel: 6\n");
    const environment = { MOTEQ_GATEWAY_QLEN: "30", MOTEQ_RADIO_CHANNEL: "7" };
    const config = loadConfig({ file, environment, overrides: { radio: { channel: 8 } } });
    expect([config.gateway.qlen, config.gateway.lpmode, config.radio.channel]).toEqual([30, false, 8]);
  });

  it("takes one radio or a list of them, which has no simulated air in it and none twice", () => {
    expect(linkOf("udp:47000")).toBe("udp:47000");
    expect(linkOf("[udp:47000, udp:47001]")).toEqual(["udp:47000", "udp:47001"]);
    for (const link of ["[udp:47000, virtual]", "[udp:47000, udp:47000]", "[]", "[smoke]"]) {
      expect(mistakesIn(`radio: { link: ${link} }\n`)).toHaveLength(1);
    }
  });

  it("refuses times of a board's watchdog that would end each of its agents", () => {
    expect(mistakesIn("board: { watchdog: { timeout: 10, confirm: 0, hang: 10 } }\n")).toEqual([]);
    expect(mistakesIn("board: { watchdog: { timeout: 9, confirm: -1, hang: 0.5 } }\n")).toHaveLength(3);
    const [mistake] = mistakesIn("board: { watchdog: { hang: 9 } }\n");
    expect(mistake).toContain("expected seconds from 10 to 86400");
  });

  it("sets parts of topics and texts of digits by the environment", () => {
    const environment = {
      MOTEQ_GATEWAY_PUB_ALL_TOPIC: "everyone",
      MOTEQ_BROKER_USER: "shed",
      MOTEQ_BROKER_PASSWORD: "1234",
      MOTEQ_GATEWAY_STATUS: "false",
    };
    const config = loadConfig({ environment });
    expect(config.gateway.pub_all.topic).toBe("everyone");
    expect(config.broker.password).toBe("1234");
    expect(config.gateway.status).toBe(false);
  });

  it("means relative paths of a file from its folder, those of the environment and the command line as they are", () => {
    const file = write("broker: { ca: ca.pem, key: /etc/key.pem }\nboard: { root: ../files }\ndata: none\n");
    const folder = dirname(file);
    const { broker, board, data } = loadConfig({
      file,
      environment: { MOTEQ_BROKER_CERT: "cert.pem" },
    });
    expect(broker).toMatchObject({ ca: join(folder, "ca.pem"), key: "/etc/key.pem", cert: "cert.pem" });
    expect([data, board.data, board.root]).toEqual([
      "none",
      join(folder, "moteq-board"),
      join(folder, "../files"),
    ]);
    expect(loadConfig({ file, overrides: { board: { data: "here" } } }).board.data).toBe("here");
    expect(loadConfig({ file: write("") }).data).toMatch(/^\/.*\/moteq-data$/);
  });

  it("names the place, what was found and what is expected", () => {
    expect(mistakesIn("gateway:\n  qlen: ten\n  lpmode: 1\n")).toEqual([
      'moteq.yaml:2: gateway.qlen: expected a whole number from 1 to 1000000, found "ten"',
      "moteq.yaml:3: gateway.lpmode: expected true or false, found 1",
    ]);
    expect(mistakesIn("gateway:\n  pub_all: {topic: 'a/#'}\n")).toEqual([
      'moteq.yaml:2: gateway.pub_all.topic: expected a topic without wildcards (+ or #), found "a/#"',
    ]);
    expect(mistakesIn("gateway:\n  status: {topic: x, qos: 3}\n")).toEqual([
      "moteq.yaml:2: gateway.status.qos: expected 0, 1 or 2, found 3",
    ]);
    expect(mistakesIn("", { MOTEQ_GATEWAY_QLEN: "0" })).toEqual([
      "MOTEQ_GATEWAY_QLEN: expected a whole number from 1 to 1000000, found 0",
    ]);
    expect(mistakesIn("", { MOTEQ_BOARD_NAME: "" })).toEqual([
      'MOTEQ_BOARD_NAME: expected a text that is not empty, found ""',
    ]);
  });

  it("names the option that says what is wrong, and not the file where it is right", () => {
    const file = write("board:\n  prefix: shed\n  name: ''\n");
    const overrides = { board: { prefix: "a/#", data: undefined }, radio: { link: "nonsense" } };
    const load = () =>
      loadConfig({ file, environment: {}, overrides, optionNames: { "board.prefix": "--prefix" } });
    expect(load).toThrow("--prefix: expected a topic of 1 to 256 characters");
    expect(load).toThrow(`${file}:3: board.name: expected a text that is not empty`);
    expect(load).toThrow(/^radio\.link: expected /m);
  });

  it("names keys that do not exist, and those that do", () => {
    const [line] = mistakesIn("gateway:\n  qlenn: 5\n");
    expect(line).toContain(
      "moteq.yaml:2: gateway.qlenn: there is no such key; there are qlen, lpmode, pub_all",
    );
    expect(mistakesIn("gatway: {}\n")[0]).toContain("there is no such key; there are broker, radio, gateway");
    expect(mistakesIn("gateway:\n  use_ap_if: true\n")[0]).toContain("the radio's own matter");
  });

  it("takes modules as a section and safe modules as a list, and says so of anything else", () => {
    expect(
      loadConfig({ file: write("board: { modules: { ./a.mjs: { led: 1 } }, safe_modules: [./a.mjs] }\n") })
        .board,
    ).toMatchObject({ modules: { "./a.mjs": { led: 1 } }, safe_modules: ["./a.mjs"] });
    for (const modules of ["[ ./a.mjs ]", "./a.mjs"]) {
      const [mistake, ...more] = mistakesIn(`board:\n  modules: ${modules}\n`);
      expect(mistake).toMatch(
        /^moteq\.yaml:2: board\.modules: expected a section with modules .*as `.\/blink.mjs: {}`, not a list, found /,
      );
      expect(more).toEqual([]);
    }
    expect(mistakesIn("board:\n  safe_modules: { ./a.mjs: {} }\n")).toEqual([
      'moteq.yaml:2: board.safe_modules: expected a list of modules, as `[./blink.mjs]`, found {"./a.mjs":{}}',
    ]);
  });

  it("refuses a password without a user, and names where it came from", () => {
    const text =
      "a password needs a user: name it by broker.user, --user or MOTEQ_BROKER_USER, or leave the password out";
    const inFile = "broker:\n  url: mqtt://broker.example\n  password: secret\n";
    expect(mistakesIn(inFile)).toEqual([`moteq.yaml:3: broker.password: ${text}`]);
    const environment = { MOTEQ_BROKER_PASSWORD: "secret" };
    expect(mistakesIn("", environment)).toEqual([`MOTEQ_BROKER_PASSWORD: ${text}`]);
    const options = { overrides: { broker: { password: "secret" } } };
    const optionNames = { "broker.password": "--password" };
    expect(() => loadConfig({ file: write(""), ...options, optionNames })).toThrow(`--password: ${text}`);
    // Moteq's own broker does not speak MQTT 5, whatever the configuration says.
    expect(mistakesIn("broker: { password: secret, mqtt5: true }\n")).toHaveLength(1);
  });

  it("takes a password with the URL's user, and alone where it speaks MQTT 5", () => {
    expect(mistakesIn("broker: { url: mqtt://shed@broker.example, password: secret }\n")).toEqual([]);
    expect(mistakesIn("broker: { url: mqtt://broker.example, password: secret, mqtt5: true }\n")).toEqual([]);
  });

  it("refuses a node that is given twice", () => {
    const twice = "nodes:\n  a0b1c2d3e4f5: {name: a}\n  a0:b1:c2:d3:e4:f5: {name: b}\n";
    expect(mistakesIn(twice)[0]).toContain("nodes: expected each node once");
  });

  it("says of a file that is no YAML, no map or not there what it is", () => {
    expect(mistakesIn("gateway: [\n")[0]).toMatch(/^moteq\.yaml:2: is no YAML: /);
    expect(mistakesIn("just text\n")).toEqual([
      'moteq.yaml: expected sections such as "gateway:", found "just text"',
    ]);
    expect(() => loadConfig({ file: "/nowhere/moteq.yaml" })).toThrow("cannot read /nowhere/moteq.yaml");
  });

  it("takes radio addresses as people write them", () => {
    const { gateway } = loadConfig({
      file: write("nodes:\n  02:00:00:00:00:0A: {name: shed}\n  020000000001: {}\n"),
    });
    expect(Object.keys(gateway.nodes)).toEqual(["02000000000a", "020000000001"]);
  });

  it("refuses an address of a node that is none", () => {
    expect(mistakesIn("nodes:\n  shed: {name: shed}\n")).toEqual([
      'moteq.yaml:2: nodes.shed: expected a radio address: 12 hexadecimal digits, found "shed"',
    ]);
  });
});
