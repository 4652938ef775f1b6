import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./imports.ts";
import { rooms } from "./rooms.ts";

interface LockedPackage {
  hasInstallScript?: boolean;
  resolved?: string;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | Record<string, string>>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, LockedPackage>;
};
const doors = Object.keys(manifest.exports).filter((name) => name !== "./package.json");

describe("the package", () => {
  it("exports files that the build makes", () => {
    const files = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it("has a door for every room that is built, and only for those", () => {
    const built = Object.keys(rooms).filter((room) => existsSync(join(root, "src", room, "index.ts")));
    expect(doors.map((door) => door.slice(2)).toSorted()).toEqual(built.toSorted());
  });

  it.each(doors)("exports from %s what it is meant to", async (door) => {
    const module = (await import(/* @vite-ignore */ `moteq/${door.slice(2)}`)) as Record<string, unknown>;
    expect(Object.keys(module).toSorted()).toMatchSnapshot();
  });

  it("pins every version", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d/.test(version))).toEqual([]);
  });

  it("depends on nothing that needs a compiler or a script to install", () => {
    const withScript = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript)
      .map(([name]) => name)
      // Both ship their binaries: the one for macOS only, the other's script looks whether the right one is there.
      .filter((name) => !/node_modules\/(?:fsevents|@serialport\/bindings-cpp)$/.test(name));
    expect(withScript).toEqual([]);
  });

  it("names no registry in its lock file", () => {
    expect(Object.values(lock.packages).filter((entry) => entry.resolved?.startsWith("http"))).toEqual([]);
  });
});
