import { ClassicNode, type ListenOptions, type PublishOptions } from "./classic-node.ts";
import type { Answer, MessageHandler, NoAnswer } from "./conversation.ts";

/** What became of a publication. */
export type PrototypePublishOutcome =
  /** The gateway's radio heard it; more was not asked for. An `OUT` may follow: see `listen`. */
  | "sent"
  /** `["ACK", "ACK"]`: the gateway has it and will bring it to the broker. */
  | "acknowledged"
  /** `["OUT", "OUT"]`: the broker is out and the gateway did not take it. Try again later. */
  | "refused"
  | NoAnswer;

/** How a publication goes out. */
export interface PrototypePublishOptions extends PublishOptions {
  /** Whether to ask for an acknowledgement (bit 2 of the qos), and to wait for it. Default false. */
  readonly acknowledge?: boolean;
}

/**
 * A node of the `prototype` dialect, the first of July 2023: what waits for it follows each of its publications at
 * once, without being asked for. Calls wait for each other, but for `listen`.
 *
 * @example
 * const node = new PrototypeNode({ radio, clock, gateway: "02006d6f7465" });
 * await node.publish("dummy", "dummy");
 * await node.listen((message) => show(message));
 */
export class PrototypeNode extends ClassicNode {
  /**
   * Publishes; longer than a frame, it goes in parts.
   *
   * @throws `topics/bad-name`, `mote/too-long`
   */
  async publish(
    topic: string,
    message: string | Uint8Array,
    options: PrototypePublishOptions = {},
  ): Promise<PrototypePublishOutcome> {
    const { acknowledge = false, signal } = options;
    let outcome: PrototypePublishOutcome = "sent";
    for (const frame of this.cut(topic, message, options, acknowledge)) {
      if (acknowledge) outcome = await this.conversation.ask(frame, readPublishAnswer, signal);
      else outcome = (await this.conversation.tell(frame, signal)) ? "sent" : "not-delivered";
      if (outcome !== "sent" && outcome !== "acknowledged") break;
    }
    return outcome;
  }

  /**
   * Hands over messages as they come, until a silence.
   *
   * @returns `refused` if an `OUT` was heard: a publication before, without acknowledgement, was not taken
   */
  async listen(handle: MessageHandler, options: ListenOptions = {}): Promise<"silence" | "refused"> {
    await this.drain(handle, options);
    return this.conversation.takeAnswer(readOut) ?? "silence";
  }
}

function readPublishAnswer(answer: Answer): "acknowledged" | "refused" | undefined {
  if (answer.type === "reply" && answer.reply === "ACK") return "acknowledged";
  return readOut(answer);
}

function readOut(answer: Answer): "refused" | undefined {
  return answer.type === "reply" && answer.reply === "OUT" ? "refused" : undefined;
}
