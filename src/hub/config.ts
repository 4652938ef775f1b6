import * as v from "valibot";
import { show } from "../base/index.ts";
import { resolveConfig } from "../gateway/index.ts";
import { readEnvironment, settings } from "./config-environment.ts";
import { readConfigFile, type Tree } from "./config-file.ts";
import { configSchema, type HubConfig, speaksMqtt5 } from "./config-schema.ts";
import { hubErrors } from "./errors.ts";

/** Where the configuration comes from; later ones win over earlier ones: defaults, file, environment, overrides. */
export interface ConfigSources {
  /** The path of a YAML file. A path that was asked for must exist; without one `moteq.yaml` is taken if it is there. */
  readonly file?: string;
  /** The environment: `MOTEQ_GATEWAY_QLEN=20` sets `gateway.qlen`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Settings of the command line, as the file would hold them. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Which option makes which override, as `board.prefix` → `--prefix`: to name it where what it says is wrong. */
  readonly optionNames?: Readonly<Record<string, string>>;
}

/**
 * Reads, merges and checks the configuration.
 *
 * @throws `hub/config-unreadable`, `hub/config-invalid`: its message has a line for each mistake, with the place, what
 *   was found and what is expected.
 */
export function loadConfig(sources: ConfigSources = {}): HubConfig {
  const { file, environment, tree } = readSources(sources);
  const result = v.safeParse(configSchema, tree);
  const mistakes = result.success
    ? contradictionsIn(result.output)
    : result.issues.flatMap((issue) => leavesOf(issue));
  if (result.success && mistakes.length === 0) {
    const { gateway, nodes, ...rest } = result.output;
    return { ...rest, gateway: resolveConfig({ ...gateway, nodes }) };
  }
  const lines = mistakes.map(({ path, text }) => {
    const setting = path.join(".");
    const option = isSetIn(sources.overrides, path) ? (sources.optionNames?.[setting] ?? setting) : undefined;
    const place = option ?? environment.variables.get(setting) ?? file.placeOf(path);
    return `${place}: ${text}`;
  });
  throw hubErrors.create("hub/config-invalid", [...new Set(lines)].join("\n"), {
    detail: { mistakes: lines },
  });
}

/**
 * Whether file, environment or overrides name a setting, as `broker.url`: what holds by default is named by none of them.
 *
 * @throws `hub/config-unreadable`, `hub/config-invalid`
 */
export function isConfigured(sources: ConfigSources, setting: string): boolean {
  let value: unknown = readSources(sources).tree;
  for (const key of setting.split(".")) value = isTree(value) ? value[key] : undefined;
  return value !== undefined;
}

function readSources(sources: ConfigSources) {
  const file = readConfigFile(sources.file);
  const environment = readEnvironment(sources.environment ?? {});
  const tree = merge(merge(file.tree, environment.tree), sources.overrides ?? {});
  return { file, environment, tree };
}

/** What is wrong with a setting, and which one it is. */
interface Mistake {
  readonly path: readonly string[];
  readonly text: string;
}

/** Settings that are right by themselves, and not together. */
function contradictionsIn({ broker }: v.InferOutput<typeof configSchema>): Mistake[] {
  if (broker.password === undefined || broker.user !== undefined) return [];
  const userInUrl = broker.url !== undefined && URL.canParse(broker.url) && new URL(broker.url).username;
  // MQTT 3.1.1 has no password without a user name (3.1.2.9); MQTT 5 has.
  if (userInUrl || speaksMqtt5(broker)) return [];
  const text =
    "a password needs a user: name it by broker.user, --user or MOTEQ_BROKER_USER, or leave the password out";
  return [{ path: ["broker", "password"], text }];
}

/** An issue as sentences, those of a union's nearest option instead of the union's own. */
function leavesOf(issue: v.BaseIssue<unknown>): Mistake[] {
  const path = (issue.path ?? []).map(({ key }) => String(key));
  const inner = issue.issues?.filter(({ path: below }) => below !== undefined);
  if (inner && inner.length > 0) {
    const leaves = inner.flatMap((one) => leavesOf(one));
    return leaves.map((leaf) => ({ path: [...path, ...leaf.path], text: leaf.text }));
  }
  if (issue.expected === "never") return [{ path, text: `there is no such key${hintFor(path)}` }];
  if (issue.type === "strict_object" && issue.received === "undefined") {
    return [{ path, text: `is missing` }];
  }
  const expected = issue.type === "strict_object" ? "a section with keys" : issue.message;
  return [{ path, text: `expected ${expected}, found ${show(issue.input)}` }];
}

function hintFor(path: readonly string[]): string {
  if (path.at(-1) === "use_ap_if")
    return ": which interface's address nodes send to is the radio's own matter";
  const depth = path.length - 1;
  const siblings = settings.filter(
    ({ path: known }) => known.length > depth && known.slice(0, depth).join() === path.slice(0, depth).join(),
  );
  const keys = [...new Set(siblings.map(({ path: known }) => known[depth]))];
  if (path.length === 1) keys.push("nodes");
  if (path.length === 2 && path[0] === "board") keys.push("modules");
  return keys.length > 0 ? `; there are ${keys.join(", ")}` : "";
}

/** Whether a tree says what a setting is: a value, not only a section that other settings are in. */
function isSetIn(tree: unknown, path: readonly string[]): boolean {
  let value = tree;
  for (const key of path) value = isTree(value) ? value[key] : value;
  return value !== undefined && !isTree(value);
}

/** `over` laid upon `under`, section by section. */
function merge(under: Tree, over: Readonly<Tree>): Tree {
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged[key];
    merged[key] = isTree(value) && isTree(below) ? merge(below, value) : value;
  }
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
