import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { BoardSupervisor, ownIdOf } from "../node/index.ts";
import { brokerUrlOf, readBrokerAccess } from "./broker-connection.ts";
import type { HubConfig } from "./config-schema.ts";
import { readVersion } from "./version.ts";

/**
 * Starts the board of a configuration: a supervisor with an agent as its child.
 *
 * @param configFile relative paths of modules are meant from its folder
 * @param print takes what the agent prints
 * @throws `node/board-runs`, `node/board-folder`, `node/watchdog-device`, `hub/file-unreadable`
 */
export async function startBoard(
  { broker, board }: Pick<HubConfig, "broker" | "board">,
  configFile: string | undefined,
  print: (text: string) => void,
): Promise<BoardSupervisor> {
  const data = resolve(board.data);
  const access = readBrokerAccess(broker);
  const {
    timeout,
    confirm,
    hang,
    failed_boots: failedBoots,
    trial_boots: trialBoots,
    revert,
    device,
  } = board.watchdog;
  const config = {
    name: board.name ?? hostname(),
    prefix: board.prefix,
    version: readVersion(),
    data,
    root: board.root === undefined ? join(data, "files") : resolve(board.root),
    modulesFrom: configFile === undefined ? process.cwd() : dirname(resolve(configFile)),
    broker: {
      ...access,
      url: brokerUrlOf(broker),
      clientId: access.clientId ?? `moteq-board-${board.prefix}-${ownIdOf(data)}`,
    },
    trusted: board.keys,
    modules: board.modules,
    safeModules: board.safe_modules,
    log: board.log,
    watchdog: {
      timeoutMs: timeout * 1000,
      confirmMs: confirm * 1000,
      hangMs: hang * 1000,
      failedBoots,
      trialBoots,
      revert,
      device,
    },
  };
  return await BoardSupervisor.start(config, print);
}
