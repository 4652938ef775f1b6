// What `npm start`, `npm test` and the others do. Each first brings the checkout to where it can run: installs when
// the lock file asks for something that is not there, builds when a source is newer. Plain JavaScript without
// dependencies, since on a fresh clone nothing else exists yet.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [command, ...rest] = process.argv.slice(2);

const commands = {
  /** Broker, gateway and a simulated air with six nodes. */
  async start() {
    prepare();
    const { main } = await import(new URL("../dist/cli/main.js", import.meta.url).href);
    await main([process.execPath, "moteq", "up", "--demo", ...rest]);
  },
  test() {
    prepare();
    run("vitest", ["run", ...rest]);
  },
  /** What takes too long for every run: kills in real time, long simulations, a newcomer's first minutes. */
  soak() {
    prepare();
    run("vitest", ["run", "--config", "vitest.soak.config.ts", ...rest]);
  },
  /** The MQTT client in XS, the engine of microcontrollers, which is compiled here: it takes gcc, make and minutes. */
  engines() {
    prepare();
    const folder = join(root, "node_modules/.engines");
    if (!existsSync(join(folder, "node_modules/@agoric/xsnap/package.json"))) {
      process.stderr.write("moteq: installing and compiling XS …\n");
      mkdirSync(folder, { recursive: true });
      run("npm", [
        "install",
        "--prefix",
        folder,
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "@agoric/xsnap@0.15.0",
      ]);
    }
    run("vitest", ["run", "--config", "vitest.engines.config.ts", ...rest]);
  },
  build: prepare,
  lint() {
    prepare();
    run("tsc", ["-p", "tsconfig.test.json"]);
    run("oxlint", []);
    run("oxfmt", ["--check", "."]);
  },
  format() {
    install();
    run("oxfmt", ["."]);
    run("oxlint", ["--fix"]);
  },
  bench() {
    prepare();
    run("tsc", ["-p", "tsconfig.bench.json"]);
    run(process.execPath, ["--expose-gc", "dist-bench/main.js", ...rest]);
  },
  /** All that a change must pass. */
  check() {
    commands.lint();
    commands.test();
    commands.soak();
  },
};

if (!Object.hasOwn(commands, command ?? "")) {
  fail(`no such command: ${command}. There are: ${Object.keys(commands).join(", ")}`);
}
await commands[command]();

function prepare() {
  install();
  run("tsc", ["-b"]);
}

/** Installs exactly what the lock file names, unless it is there already. */
function install() {
  if (isInstalled()) return;
  assertWritable();
  process.stderr.write("moteq: installing what package-lock.json names …\n");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) fail("npm ci failed: see above. Is the npm registry within reach?");
  linkOwnCommand();
}

function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const present = readPackages("node_modules/.package-lock.json");
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || present[path]?.version === version,
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** So that `npx moteq` in the checkout is this checkout's own command, at once. */
function linkOwnCommand() {
  const link = join(root, "node_modules/.bin/moteq");
  if (process.platform === "win32" || existsSync(link)) return;
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync("../../bin/moteq.js", link);
}

function run(program, args) {
  const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
    shell: process.platform === "win32",
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function assertWritable() {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    fail(`cannot write to ${root}: clone moteq where you have write permission`);
  }
}

function fail(message) {
  process.stderr.write(`moteq: ${message}\n`);
  process.exit(1);
}
