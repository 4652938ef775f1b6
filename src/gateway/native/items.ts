import type { NativeMessage, NumberedItem } from "../../wire/index.ts";
import type { PeerSession } from "./session.ts";
import type { NodeItem, NodeMessageOut } from "./uplink.ts";

/** An item with the names of its topics; `undefined` if it has an alias that the session does not know, or is a part. */
export function resolveItem(session: PeerSession, item: NumberedItem): NodeItem | undefined {
  switch (item.type) {
    case "publish": {
      const message = resolveMessage(session, item);
      return message && { type: "publish", ageSeconds: item.ageSeconds, ...message };
    }
    case "subscribe":
    case "unsubscribe": {
      const filter = session.resolve(item.topic);
      if (filter === undefined) return undefined;
      return item.type === "subscribe"
        ? { type: "subscribe", filter, qos: item.qos }
        : { type: "unsubscribe", filter };
    }
    case "will": {
      if (!item.will) return { type: "will", will: undefined };
      const will = resolveMessage(session, item.will);
      return will && { type: "will", will };
    }
    case "part":
      return undefined;
    default:
      return item;
  }
}

function resolveMessage(session: PeerSession, message: NativeMessage): NodeMessageOut | undefined {
  const topic = session.resolve(message.topic);
  const { payload, retain, qos } = message;
  return topic === undefined ? undefined : { topic, payload, retain, qos };
}
