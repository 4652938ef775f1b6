import { air } from "./air.js";
import { disk } from "./disk.js";
import { dongle } from "./dongle.js";
import { board } from "./board.js";
import { flow } from "./flow.js";
import { gateway } from "./gateway.js";
import { journal } from "./journal.js";
import { link } from "./link.js";
import { mqtt } from "./mqtt.js";
import type { Benchmark, Measurement } from "./measurement.js";

const benchmarks: readonly Benchmark[] = [air, board, disk, dongle, flow, gateway, journal, link, mqtt];

const words = process.argv.slice(2);
const json = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));
const chosen = benchmarks.filter(({ name }) => names.includes(name));

if (names.length === 0 || chosen.length < names.length) {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) console.error(`There is no benchmark called ${unknown.join(", ")}.`);
  console.error("npm run bench -- NAME… [--json], with NAME one of:");
  for (const { name, description } of benchmarks) console.error(`  ${name.padEnd(10)} ${description}`);
  process.exit(names.length === 0 ? 0 : 2);
}

const measurements: Measurement[] = [];
for (const benchmark of chosen) {
  measurements.push(...(await benchmark.run((line) => console.error(`${benchmark.name}: ${line}`))));
}
if (json) console.log(JSON.stringify(measurements, undefined, 2));
else printTable(measurements);
process.exit(0);

function printTable(rows: readonly Measurement[]): void {
  const cells = rows.map((row) => [
    row.measure,
    row.unit,
    format(row.ours),
    format(row.peer),
    format(row.ratio),
    row.bar ?? "",
    row.holds === null ? "" : row.holds ? "holds" : "FAILS",
  ]);
  const heading = ["measure", "unit", "ours", "peer", "ratio", "bar", ""];
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? "").length)),
  );
  for (const row of [heading, ...cells]) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

function format(value: number | null): string {
  if (value === null) return "";
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)));
}
