import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../house/imports.ts";

/** What docs/reference/brokers.md says: for each broker and version, as `mosquitto 2.0, MQTT 5`, what it has and lacks. */
export function readBrokerTable(): ReadonlyMap<string, ReadonlyMap<string, boolean>> {
  const lines = readFileSync(join(root, "docs/reference/brokers.md"), "utf8").split("\n");
  const [heading = [], , ...rows] = lines.filter((line) => line.startsWith("|")).map((line) => cellsOf(line));
  const says = (column: number) =>
    rows.flatMap(([feature = "", ...row]): [string, boolean][] => {
      const cell = row[column];
      return cell === "yes" || cell === "no" ? [[feature, cell === "yes"]] : [];
    });
  return new Map(heading.slice(1).map((name, column) => [name, new Map(says(column))]));
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
