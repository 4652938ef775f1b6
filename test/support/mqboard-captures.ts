import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex } from "../../src/base/index.ts";

const file = fileURLToPath(new URL("../wire/mqboard-captures.txt", import.meta.url));

/** What the original program sent, as a broker saw it: a title, then `topic hex` lines, cut at 1400 characters. */
export const captures = readFileSync(file, "utf8")
  .split("## mqboard ")
  .slice(1)
  .map((block) => {
    const [title = "", ...lines] = block.trim().split("\n");
    const messages = lines.map((line) => {
      const [topic = "", hex = ""] = line.split(" ");
      return { topic, payload: fromHex(line.length < 1400 ? hex : hex.slice(0, -1)) ?? new Uint8Array() };
    });
    return { title, messages };
  });

/** The messages under a title. */
export function captureOf(title: string) {
  const found = captures.find((one) => one.title === title);
  if (!found) throw new Error(`there is no capture of ${title}`);
  return found.messages;
}
