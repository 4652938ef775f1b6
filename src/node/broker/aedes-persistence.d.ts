// What of aedes' own persistence is used; its types ask for all of aedes.
declare module "aedes-persistence/asyncPersistence.js" {
  import type { Readable } from "node:stream";
  interface Client {
    readonly id: string;
  }
  interface Subscription {
    readonly topic: string;
    readonly qos: 0 | 1 | 2;
  }
  interface Packet {
    readonly cmd?: string;
    brokerId?: string | undefined;
    readonly brokerCounter?: number;
    readonly topic?: string;
    payload?: Uint8Array | string;
    readonly qos?: 0 | 1 | 2;
    readonly retain?: boolean;
    messageId?: number | undefined;
    /** Whether it was sent to this client before. */
    dup?: boolean;
  }
  /** Everything in memory. */
  class MemoryPersistence {
    static readonly Packet: new (
      original: Packet,
      broker?: { readonly id: string; counter: number },
    ) => Packet;
    readonly broker: { readonly id: string; counter: number };
    setup(broker: unknown): Promise<void>;
    storeRetained(packet: Packet): Promise<void>;
    createRetainedStream(pattern: string): Readable;
    createRetainedStreamCombi(patterns: readonly string[]): Readable;
    addSubscriptions(client: Client, subscriptions: readonly Subscription[]): Promise<void>;
    removeSubscriptions(client: Client, filters: readonly string[]): Promise<void>;
    subscriptionsByClient(client: Client): Promise<Subscription[]>;
    subscriptionsByTopic(topic: string): Promise<(Subscription & { readonly clientId: string })[]>;
    cleanSubscriptions(client: Client): Promise<void>;
    countOffline(): Promise<{ subsCount: number; clientsCount: number }>;
    outgoingEnqueue(subscription: { readonly clientId: string }, packet: Packet): Promise<void>;
    outgoingEnqueueCombi(
      subscriptions: readonly { readonly clientId: string }[],
      packet: Packet,
    ): Promise<void>;
    outgoingUpdate(client: Client, packet: Packet): Promise<void>;
    outgoingClearMessageId(client: Client, packet: Packet): Promise<Packet | undefined>;
    outgoingStream(client: Client): Readable;
    incomingStorePacket(client: Client, packet: Packet): Promise<void>;
    incomingGetPacket(client: Client, packet: Packet): Promise<Packet>;
    incomingDelPacket(client: Client, packet: Packet): Promise<void>;
    cleanIncoming(client: Client): Promise<void>;
    putWill(client: Client, packet: Packet): Promise<void>;
    getWill(client: Client): Promise<Packet | undefined>;
    delWill(client: Client): Promise<Packet | undefined>;
    streamWill(brokers?: Readonly<Record<string, unknown>>): Readable;
    getClientList(topic: string): Readable;
    destroy(): Promise<void>;
  }
  export { type Client, type Packet, type Subscription };
  export default MemoryPersistence;
}
