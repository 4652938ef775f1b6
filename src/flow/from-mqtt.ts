import { Observable } from "rxjs";
import { decodeUtf8, messageOf } from "../base/index.ts";
import { flowErrors } from "./errors.ts";
import { parseEvent, type SensorEvent } from "./event.ts";
import type { LinkMessage, MessageLink, QoS } from "./message-link.ts";

/** How messages become events. */
export interface FromMqttOptions<T> {
  /** How surely they are to come. Default 1. */
  readonly qos?: QoS;
  /** Makes an event of a message; `undefined`, or throwing, for none. Default: the JSON array of {@link parseEvent}. */
  readonly parse?: (message: LinkMessage) => T | undefined;
  /** Is told of each message that is no event; the stream goes on. Default: nobody is. */
  readonly onBad?: (message: LinkMessage, error: Error) => void;
}

/**
 * The events on a topic filter, for as long as it is subscribed to. Fails only if the broker refuses the subscription.
 */
export function fromMqtt<T = SensorEvent<unknown>>(
  link: Pick<MessageLink, "subscribe">,
  filter: string,
  options: FromMqttOptions<T> = {},
): Observable<T> {
  const { qos = 1, parse = parseMessage as (message: LinkMessage) => T | undefined, onBad } = options;
  return new Observable<T>((subscriber) => {
    const handle = (message: LinkMessage) => {
      let event: T | undefined;
      let why = "it is no event";
      try {
        event = parse(message);
      } catch (error) {
        why = messageOf(error);
      }
      if (event !== undefined) subscriber.next(event);
      else
        onBad?.(
          message,
          flowErrors.create("flow/bad-event", `a message on ${message.topic} is passed over: ${why}`),
        );
    };
    const subscription = link.subscribe(filter, { qos }, handle);
    subscription.catch((error: unknown) => subscriber.error(error));
    return () => {
      // Whether the broker hears of it is of no interest to anybody here any more.
      subscription.then((made) => made.unsubscribe()).catch(() => {});
    };
  });
}

function parseMessage({ payload }: LinkMessage): SensorEvent<unknown> | undefined {
  const text = decodeUtf8(payload);
  return text === undefined ? undefined : parseEvent(text);
}
