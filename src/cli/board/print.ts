import type { RemoteBoard } from "../../remote/index.ts";
import type { BoardInfo, CrashReport } from "../../wire/index.ts";
import { formatTable, printLine, toPrintable } from "../output.ts";

/** `info`, for people. */
export function printInfo(board: RemoteBoard, info: BoardInfo): void {
  const lines: Record<string, string> = {
    board: info.name === "" ? board.base : `${info.name} at ${board.base}`,
    dialect: board.dialect === "native" ? `native, moteq ${info.version}` : "mqrepl",
    platform: info.platform,
  };
  if (board.dialect === "native") {
    lines["mode"] = `${info.mode}, ${info.confirmed ? "confirmed manageable" : "not confirmed yet"}`;
    lines["runs"] = info.image === null ? info.slot : `slot ${info.slot}, image ${info.image}`;
    lines["up"] = `${Math.round(info.uptimeMs / 1000)} s`;
    lines["signed"] = info.signed
      ? "yes: only commands that are signed with a trusted key are taken"
      : `no: it does what anybody says whom the broker lets publish under ${board.base}/cmd`;
    if (info.note !== null) lines["note"] = info.note;
  }
  for (const [name, text] of Object.entries(lines)) printLine(`${name.padEnd(9)} ${toPrintable(text)}`);
}

/** So many characters of what a board says of itself stand in a table. */
const widestCell = 60;

/** `list`, for people: what is too long for a table is cut there. */
export function printBoards(boards: readonly { prefix: string; info: BoardInfo }[]): void {
  const rows = boards.map(({ prefix, info }) =>
    [prefix, info.name, info.state, info.mode, info.slot, info.version, info.platform].map((text) =>
      cut(text),
    ),
  );
  for (const line of formatTable(["prefix", "name", "state", "mode", "slot", "version", "platform"], rows))
    printLine(line);
}

function cut(text: string): string {
  const printable = toPrintable(text.slice(0, widestCell + 1));
  return printable.length <= widestCell ? printable : `${printable.slice(0, widestCell - 1)}…`;
}

/** A crash in one line. */
export function formatCrash(report: CrashReport): string {
  const { number, time, cause, slot, mode, uptimeMs, memoryBytes } = report;
  const memory = memoryBytes === null ? "" : `, ${Math.round(memoryBytes / 1e6)} MB`;
  return toPrintable(
    `${number}  ${time}  ${cause}  (slot ${slot}, ${mode} mode, up ${Math.round(uptimeMs / 1000)} s${memory})`,
  );
}
