/** What a host wants of its modem when it starts. Everything may be left to the modem. */
export interface LinkInit {
  /** The wireless network to be used when the default one can't be, and its password. */
  readonly ssid?: string;
  readonly password?: string;
  /** The broker's name or address. */
  readonly broker?: string;
  /** 0, the default: 1883, with TLS 8883. */
  readonly port?: number;
  readonly user?: string;
  readonly brokerPassword?: string;
  /** Default `false`. */
  readonly tls?: boolean;
  /** The name in the broker's certificate, if it is another than `broker`. */
  readonly serverName?: string;
  /** Whether the network that the modem is set up for is tried first. Default `true`. */
  readonly useDefaultNetwork?: boolean;
  /** 0 … 65,535, 0 for never. Default 60. */
  readonly keepaliveSeconds?: number;
  /** Whether the broker forgets the session when the connection ends. Default `true`. */
  readonly cleanSession?: boolean;
  /** Under which the broker knows the session; needed for one that is kept. */
  readonly clientId?: string;
}

/** A message to be published, as in MQTT. */
export interface LinkPublication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

/** What a host says to its modem. */
export type LinkRequest =
  /** Before `init`: what the broker publishes when the modem is lost. Answered by status 7. */
  | ({ readonly type: "will" } & LinkPublication)
  /** Connect. Answered by statuses. `fields`: how many the classic tuple had. */
  | { readonly type: "init"; readonly init: LinkInit; readonly fields?: number }
  /** The answer to status 3: use the network that was specified. */
  | { readonly type: "go-ahead" }
  /** Answered by `published` with the same id, at QoS 0 only in the classic strings. */
  | ({ readonly type: "publish"; readonly id: number } & LinkPublication)
  | { readonly type: "subscribe"; readonly filter: string; readonly qos: 0 | 1 | 2 }
  | { readonly type: "unsubscribe"; readonly filter: string }
  /** What time is it? */
  | { readonly type: "time" }
  /** `mem`, or whatever else. */
  | { readonly type: "command"; readonly words: readonly string[] }
  /** The host ends: that it will be silent is no loss. */
  | { readonly type: "goodbye" }
  /** The host has the message with this id. */
  | { readonly type: "taken"; readonly id: number };

/** What a modem says to its host. */
export type LinkAnswer =
  /** How it stands, by number; `text` explains it for people. */
  | { readonly type: "status"; readonly status: number; readonly text: string }
  /** The broker has the message; or, not `ok`, refuses it for good. */
  | { readonly type: "published"; readonly id: number; readonly ok: boolean }
  /** Milliseconds since 1970 (UTC); 0 where it is not known. */
  | { readonly type: "time"; readonly time: number }
  /** The modem's memory, in bytes. */
  | { readonly type: "memory"; readonly free: number; readonly allocated: number }
  /** A message from the broker; at QoS 1 and 2 it is to be answered by `taken`. */
  | {
      readonly type: "message";
      readonly id: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retained: boolean;
      readonly qos: 0 | 1 | 2;
    };

/** Why something from the other end could not be understood. */
export interface MalformedLink {
  readonly type: "malformed";
  readonly fault: LinkFault;
  /** What was received, for people: at most 60 characters. */
  readonly received: string;
}

/** `unknown`: no such command; `bad-fields`: too few, too many, or not what they must be. */
export type LinkFault = "unknown" | "bad-fields" | "bad-init";
