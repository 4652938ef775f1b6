import { Answer } from "../../src/board/answer.ts";
import { mqttErrors } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

/**
 * An answer, and what it says.
 *
 * @param most how many bytes the broker takes in one message
 * @param plain whether it goes to the original program
 */
export function createAnswer(most = Infinity, plain = false) {
  const clock = new VirtualClock();
  const said: { topic: string; payload: Uint8Array }[] = [];
  const publish = (topic: string, payload: Uint8Array | string) => {
    if (payload.length > most) return Promise.reject(mqttErrors.create("mqtt/too-long", "at most so much"));
    said.push({ topic, payload: Buffer.from(payload) });
    return Promise.resolve();
  };
  const answer = new Answer({ clock, client: { publish }, base: "b", id: "id", size: 100, plain });
  return { clock, answer, said };
}
