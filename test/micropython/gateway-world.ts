import { createBridgeWill, Gateway, type GatewaySettings, MemoryStore } from "../../src/gateway/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import type { VirtualRadio } from "../../src/virtual/index.ts";
import { CollectingBroker } from "./collecting-broker.ts";
import { MicroPythonWorld, type MicroPythonWorldOptions } from "./world.ts";

/** The address that `examples/micropython/settings.py` gives as the gateway's. */
export const gatewayAddress = "02006d6f7465";

/** Real MicroPython boards, the real gateway and a real broker, all on one virtual clock. */
export class GatewayWorld extends MicroPythonWorld {
  readonly broker: CollectingBroker;
  readonly gateway: Gateway;
  /** The gateway's radio. */
  readonly radio: VirtualRadio;
  readonly client: MqttClient;

  private constructor(
    broker: CollectingBroker,
    options: MicroPythonWorldOptions & { readonly config?: GatewaySettings },
  ) {
    super({ quietRounds: 20, ...options });
    const { clock } = this;
    this.broker = broker;
    this.client = new MqttClient({
      open: broker.open,
      clock,
      random: this.random,
      will: createBridgeWill(options.config?.base),
      onMessage: (message) => this.gateway.receive(message),
      onStatus: (status) => this.gateway.brokerStatus(status),
    });
    this.radio = this.air.join({ address: gatewayAddress, hostLatencyMs: 2 });
    this.gateway = new Gateway({
      radio: this.radio,
      client: this.client,
      store: new MemoryStore(),
      clock,
      config: { classic: "open", ...options.config },
    });
  }

  /** Makes the world, with the gateway started and connected. */
  static async create(
    options: MicroPythonWorldOptions & { readonly config?: GatewaySettings } = {},
  ): Promise<GatewayWorld> {
    const world = new GatewayWorld(await CollectingBroker.create(), options);
    await world.gateway.start();
    world.client.start();
    await world.clock.advance(1000);
    return world;
  }

  override async close(): Promise<void> {
    await super.close();
    // What these wait for may be timers of the virtual clock.
    await this.clock.runUntil(this.gateway.close());
    await this.clock.runUntil(this.client.close());
    await this.broker.close();
  }
}
