import { type Clock, encodeUtf8 } from "../../src/base/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { systemClock, systemCryptography, systemRandom } from "../../src/node/index.ts";
import { openBoard, type RemoteBoard } from "../../src/remote/index.ts";
import {
  type BoardRequest,
  decodeCommandTopic,
  encodeBoardPacket,
  encodeReplyTopic,
  uncounted,
} from "../../src/wire/index.ts";
import { createMemoryBroker } from "../support/memory-broker.ts";

const base = "evil/mqb";

/** What came to a {@link HostileBoard}, and how it may answer. */
export interface Told {
  readonly command: string;
  readonly tail: string | undefined;
  /** Behind the header, as text; of a part all of it. */
  readonly body: string;
  /** Of a native command. */
  readonly request: BoardRequest | undefined;
  /** Answers; by default in one message that is not counted. */
  readonly say: (body: string | Uint8Array, sequence?: number, last?: boolean) => void;
  readonly refuse: (text: string) => void;
}

/** Somebody in a board's place. */
export interface HostileBoard extends AsyncDisposable {
  /** The way to it. */
  readonly board: RemoteBoard;
  /** All that came. */
  readonly heard: readonly Told[];
}

/** Starts one that answers each command as `answer` says, and opens the way to it. */
export async function startHostileBoard(
  dialect: "native" | "mqrepl",
  answer: (told: Told) => void,
  // A machine that is busy takes its time, and few tests are about that.
  options: { readonly timeoutMs?: number; readonly clock?: Clock } = {},
): Promise<HostileBoard> {
  const broker = await createMemoryBroker();
  const connect = async () => {
    const one = new MqttClient({ open: broker.open, clock: systemClock, random: systemRandom });
    one.start();
    await one.ready();
    return one;
  };
  const [evil, client] = await Promise.all([connect(), connect()]);
  const heard: Told[] = [];
  let isOpen = false;
  await evil.subscribe(`${base}/cmd/#`, { qos: 1 }, ({ topic, payload }) => {
    const { command = "", id = "", tail } = decodeCommandTopic(base, topic) ?? {};
    const reply = (kind: "out" | "err", bytes: Uint8Array) =>
      void evil.publish(encodeReplyTopic(base, kind, id), bytes, { qos: 1 });
    const isCall = command === "call";
    const told: Told = {
      command,
      tail,
      body: Buffer.from(payload).toString("latin1", command === "part" ? 0 : 2),
      request: isCall ? (JSON.parse(Buffer.from(payload).toString("utf8", 32)) as BoardRequest) : undefined,
      say(body, sequence = uncounted, last = true) {
        const bytes = typeof body === "string" ? encodeUtf8(body) : body;
        reply("out", encodeBoardPacket({ sequence, last, body: bytes }));
      },
      refuse: (text) => reply("err", encodeUtf8(text)),
    };
    heard.push(told);
    if (told.request?.do === "info" && !isOpen) told.say(info);
    else answer(told);
  });
  const { timeoutMs = 30_000, clock = systemClock } = options;
  const services = { client, clock, cryptography: systemCryptography };
  const board = await openBoard({ ...services, base, timeoutMs, dialect });
  isOpen = true;
  heard.length = 0;
  return {
    board,
    heard,
    async [Symbol.asyncDispose]() {
      await Promise.all([evil.close(), client.close()]);
      await broker[Symbol.asyncDispose]();
    },
  };
}

/** What opening the way needs. */
const info = JSON.stringify({ state: "online", session: "00".repeat(16) });
