import { FiveWire, linkErrors, type LinkWire, SerialWire } from "../link/index.ts";
import { openGpioLines, parseLine, systemClock as clock, systemRandom as random } from "../node/index.ts";

/**
 * The wire that a text names: a line of `parseLine`, or `five-wire:CHIP:CLOCK-IN,DATA-IN,CLOCK-OUT,DATA-OUT,RESET` with the
 * numbers of GPIO lines as this end sees them.
 *
 * @throws `link/bad-option`, `device/no-answer`
 */
export async function openLinkWire(
  text: string,
  role: "host" | "modem",
  onTrouble: (text: string, kind: "not-opened" | "ended") => void,
): Promise<LinkWire> {
  if (!text.startsWith("five-wire:")) {
    return new SerialWire({ open: parseLine(text), clock, random, about: `link/1 ${role}`, onTrouble });
  }
  const [, chip, numbers = ""] = /^five-wire:([\w./-]+):(\d+(?:,\d+){4})$/.exec(text) ?? [];
  const [clockIn, dataIn, clockOut, dataOut, reset] = numbers.split(",").map(Number);
  if (chip === undefined || clockIn === undefined || dataIn === undefined || clockOut === undefined)
    throw bad(text);
  if (dataOut === undefined || reset === undefined) throw bad(text);
  const lines = await openGpioLines({
    role,
    chip,
    clockIn,
    dataIn,
    clockOut,
    dataOut,
    reset,
    onEnd: (why) => onTrouble(`${why}: start moteq anew`, "not-opened"),
  });
  return new FiveWire({ role, lines, clock });
}

function bad(text: string): Error {
  return linkErrors.create(
    "link/bad-option",
    `five wires are five-wire:CHIP:CLOCK-IN,DATA-IN,CLOCK-OUT,DATA-OUT,RESET, got ${JSON.stringify(text)}`,
  );
}
