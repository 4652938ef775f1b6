import { type Canvas, characterHeight, characterWidth, type ClimateSample } from "../device/index.ts";

/** What the display shows. */
export interface ClimateView {
  /** The last reading; `undefined` before the first. */
  readonly reading: ClimateSample | undefined;
  readonly isOnline: boolean;
  readonly isLit: boolean;
  /** Readings that wait for the broker. */
  readonly waiting: number;
  /** What is wrong, in few words; `undefined` if nothing is. */
  readonly trouble: string | undefined;
}

/** Draws the whole screen anew: large on 64 rows, small on 32. */
export function drawScreen(canvas: Canvas, view: ClimateView): void {
  canvas.clear();
  drawHeading(canvas, view);
  const temperature = view.reading ? `${view.reading.thermometer.temperature.toFixed(1)}°C` : "--.-°C";
  const humidity = view.reading ? `${(view.reading.hygrometer.humidity * 100).toFixed(1)}%` : "--.-%";
  const size = canvas.height >= 64 ? 2 : 1;
  const rows = size === 2 ? [13, 32] : [9, 17];
  canvas.text(0, rows[0] ?? 0, temperature, { size });
  canvas.text(0, rows[1] ?? 0, humidity, { size });
  drawLed(canvas, view.isLit, (rows[0] ?? 0) + 2);
  if (size === 2) canvas.line(0, 52, canvas.width - 1, 52);
  canvas.text(0, canvas.height - characterHeight, footer(view));
}

/** A bar with the name on the left and the link on the right. */
function drawHeading(canvas: Canvas, { isOnline }: ClimateView): void {
  canvas.fill(0, 0, canvas.width, characterHeight);
  canvas.text(1, 0, "moteq", { inverted: true });
  const link = isOnline ? "online" : "OFFLINE";
  canvas.text(canvas.width - link.length * characterWidth, 0, link, { inverted: true });
}

function drawLed(canvas: Canvas, isLit: boolean, top: number): void {
  const right = canvas.width - 1;
  canvas.fill(right - 8, top, 9, 9);
  if (!isLit) canvas.fill(right - 7, top + 1, 7, 7, false);
  canvas.text(right - 8 - 4 * characterWidth, top + 1, "LED");
}

function footer({ trouble, waiting, isOnline }: ClimateView): string {
  if (trouble !== undefined) return trouble;
  return isOnline && waiting < 2 ? "" : `waiting: ${waiting}`;
}
