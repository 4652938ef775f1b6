/**
 * The drawing of the house: what each room may import. A room reaches the floors below it, never its neighbours.
 * The README shows the same picture.
 */
export interface Room {
  readonly floor: number;
  /** Whether it may use `node:` modules. Rooms that may not are portable. */
  readonly node?: boolean;
  /** The packages it may import. */
  readonly packages?: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  cli: { floor: 6, node: true, packages: ["cli-progress", "commander"] },
  hub: { floor: 5, node: true, packages: ["aedes", "pino", "pino-pretty", "valibot", "yaml"] },
  node: {
    floor: 4,
    node: true,
    packages: [
      "aedes-persistence",
      "csv-parse",
      "csv-stringify",
      "node-sqlite3-wasm",
      "rxjs",
      "serialport",
      "ws",
    ],
  },
  virtual: { floor: 4, packages: ["tinyqueue"] },
  climate: { floor: 4 },
  gateway: { floor: 3, packages: ["valibot"] },
  mote: { floor: 3 },
  board: { floor: 3 },
  remote: { floor: 3 },
  link: { floor: 3 },
  flow: { floor: 3, packages: ["rxjs"] },
  device: { floor: 2, packages: ["oled-font-5x7"] },
  mqtt: { floor: 2 },
  wire: { floor: 1, packages: ["@noble/ciphers", "@noble/hashes"] },
  topics: { floor: 1 },
  base: { floor: 0 },
};
