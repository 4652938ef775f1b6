import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { from, lastValueFrom, toArray } from "rxjs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SensorEvent } from "../../../src/flow/index.ts";
import { fromCsv, toCsv, toRollingCsv } from "../../../src/node/flow.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-csv-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const noon = Date.UTC(2026, 10, 20, 12);
const events: SensorEvent<unknown>[] = [
  { id: "lux-1", time: noon + 20, value: 284.1 },
  { id: 'odd, "name"', time: noon + 1000, value: "a\nline" },
  { id: "climate", time: noon + 2000, value: { thermometer: { temperature: 24.1 } } },
];

describe("toCsv and fromCsv (real)", () => {
  it("write ThingFlow's columns and read them back", async () => {
    const path = join(makeFolder(), "new/readings.csv");
    for (const part of [events.slice(0, 1), events.slice(1)]) {
      const sink = toCsv(path);
      from(part).subscribe(sink);
      await sink.done;
    }
    expect(readFileSync(path, "utf8").split("\n").slice(0, 2)).toEqual([
      "timestamp,datetime,sensor_id,value",
      "1795176000.02,2026-11-20T12:00:00.020Z,lux-1,284.1",
    ]);
    expect(await lastValueFrom(fromCsv(path).pipe(toArray()))).toEqual(events);
  });

  it("pass over rows that are no events", async () => {
    const path = join(makeFolder(), "mixed.csv");
    writeFileSync(path, "a,b,c,d\n1,x,s,5\nnot a time,x,s,5\n2,x\n\n3,x,s,7\n");
    const bad: string[] = [];
    const read = fromCsv(path, { onBad: (row) => bad.push(row.join("|")) }).pipe(toArray());
    expect(await lastValueFrom(read)).toEqual([
      { id: "s", time: 1000, value: 5 },
      { id: "s", time: 3000, value: 7 },
    ]);
    expect(bad).toEqual(["not a time|x|s|5", "2|x"]);
  });

  it("fail when there is no such file", async () => {
    await expect(lastValueFrom(fromCsv(join(makeFolder(), "none.csv")))).rejects.toThrow(/ENOENT/);
  });

  it("wait while the file cannot be written", async () => {
    const folder = makeFolder();
    const path = join(folder, "readings.csv");
    mkdirSync(path);
    const said: string[] = [];
    const sink = toCsv(path, {
      lingerMs: 1,
      backoff: { minimumMs: 20, maximumMs: 20 },
      say: (text) => said.push(text),
    });
    from(events).subscribe(sink);
    await expect.poll(() => sink.counts.failures).toBeGreaterThan(1);
    rmSync(path, { recursive: true });
    await sink.done;
    expect(await lastValueFrom(fromCsv(path).pipe(toArray()))).toEqual(events);
    expect(said[0]).toMatch(/does not take events: .*EISDIR/);
  });
});

describe("toRollingCsv (real)", () => {
  it("begins a file each day (UTC), each with one heading", async () => {
    const folder = makeFolder();
    const midnight = Date.UTC(2026, 10, 21);
    for (const times of [[midnight - 2, midnight - 1, midnight], [midnight + 1]]) {
      const sink = toRollingCsv(folder, "dht22");
      from(times.map((time) => ({ id: "s", time, value: 1 }))).subscribe(sink);
      await sink.done;
    }
    expect(readdirSync(folder).toSorted()).toEqual(["dht22-2026-11-20.csv", "dht22-2026-11-21.csv"]);
    const lines = (day: string) =>
      readFileSync(join(folder, `dht22-${day}.csv`), "utf8")
        .trim()
        .split("\n");
    expect([lines("2026-11-20").length, lines("2026-11-21").length]).toEqual([3, 3]);
    expect(lines("2026-11-21").filter((line) => line.startsWith("timestamp"))).toHaveLength(1);
  });

  it("writes nothing twice when a later day's file fails", async () => {
    const folder = makeFolder();
    const midnight = Date.UTC(2026, 10, 21);
    mkdirSync(join(folder, "s-2026-11-21.csv"));
    const sink = toRollingCsv(folder, "s", { lingerMs: 1, backoff: { minimumMs: 20, maximumMs: 20 } });
    from([midnight - 1, midnight].map((time) => ({ id: "s", time, value: 1 }))).subscribe(sink);
    await expect.poll(() => sink.counts.failures).toBeGreaterThan(1);
    rmSync(join(folder, "s-2026-11-21.csv"), { recursive: true });
    await sink.done;
    const first = await lastValueFrom(fromCsv(join(folder, "s-2026-11-20.csv")).pipe(toArray()));
    const second = await lastValueFrom(fromCsv(join(folder, "s-2026-11-21.csv")).pipe(toArray()));
    expect([first.length, second.length]).toEqual([1, 1]);
  });

  it("leaves out an event whose time is none", async () => {
    const folder = makeFolder();
    const sink = toRollingCsv(folder, "s", { lingerMs: 1 });
    from([Number.NaN, 1].map((time) => ({ id: "s", time, value: 1 }))).subscribe(sink);
    await sink.done;
    expect(sink.counts).toMatchObject({ written: 1, refused: 1 });
  });
});
