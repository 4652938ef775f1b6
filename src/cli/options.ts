import { InvalidArgumentError } from "commander";

/** Parses `-q`. */
export function parseQos(text: string): 0 | 1 | 2 {
  if (text === "0" || text === "1" || text === "2") return Number(text) as 0 | 1 | 2;
  throw new InvalidArgumentError("It must be 0, 1 or 2.");
}

/** Makes the parser of an option that is a whole number in a range. */
export function parseWhole(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** What `--wire` takes. */
export const wireHelp =
  "serial:PATH[:BAUD], tcp:HOST:PORT, listen:[HOST:]PORT or five-wire:CHIP:CLOCK-IN,DATA-IN,CLOCK-OUT,DATA-OUT,RESET";
