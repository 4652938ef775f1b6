import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CrashStore } from "../../board/index.ts";
import { type CrashReport, decodeCrashReport } from "../../wire/index.ts";
import { guardFiles } from "./file-errors.ts";
import { writeWhole } from "./whole-file.ts";

/** How many crashes are kept. */
const mostCrashes = 20;

/** Crashes in a folder, a file each. The supervisor writes them, the agent reads them. */
export class FolderCrashStore implements CrashStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a crash; the oldest goes for it if need be. */
  add(crash: Omit<CrashReport, "number">): void {
    mkdirSync(this.#folder, { recursive: true });
    const numbers = this.#numbers();
    const number = (numbers.at(-1) ?? 0) + 1;
    writeWhole(this.#pathOf(number), JSON.stringify({ number, ...crash }));
    for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - mostCrashes)))
      rmSync(this.#pathOf(old), { force: true });
  }

  async list(): Promise<CrashReport[]> {
    const reports: CrashReport[] = [];
    for (const number of this.#numbers()) {
      const report = await this.get(number);
      if (!report) continue;
      const { output: _output, ...rest } = report;
      reports.push(rest);
    }
    return reports;
  }

  get(number: number): Promise<CrashReport | undefined> {
    try {
      return Promise.resolve(decodeCrashReport(readFileSync(this.#pathOf(number), "utf8")));
    } catch {
      return Promise.resolve(undefined);
    }
  }

  clear(): Promise<void> {
    return guardFiles("the crash log", async () => {
      for (const number of this.#numbers()) await rm(this.#pathOf(number), { force: true });
    });
  }

  #numbers(): number[] {
    try {
      const names = readdirSync(this.#folder).map((name) => Number(/^(\d{1,9})\.json$/.exec(name)?.[1]));
      return names.filter((number) => number > 0).toSorted((one, other) => one - other);
    } catch {
      return [];
    }
  }

  #pathOf(number: number): string {
    return join(this.#folder, `${number}.json`);
  }
}
