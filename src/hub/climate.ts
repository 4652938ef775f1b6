import {
  ClimateApplication,
  type ClimateLog,
  type ClimateOptions,
  type ClimateParts,
  createClimateWill,
} from "../climate/index.ts";
import type { Picture } from "../device/index.ts";
import type { MqttClient } from "../mqtt/index.ts";
import { sayStatus, systemClock, systemRandom } from "../node/index.ts";
import { createClimateDevices } from "../virtual/index.ts";
import { connectToBroker } from "./broker-connection.ts";
import type { HubConfig } from "./config-schema.ts";
import { encodeScreen } from "./screen-message.ts";

/** Where the simulated display is shown. */
export const screenTopic = "climate/screen";

/** The climate application, and all that it stands on. */
export interface RunningClimate {
  readonly application: ClimateApplication;
  /** Ends it, its devices and its connection. */
  close(): Promise<void>;
}

/** Devices as a person chose them; what is left out is not there. */
export type ClimateHardware = Pick<ClimateParts, "sensor" | "led" | "display"> & {
  /** The simulated display's picture, and who is to be told when it changes. */
  readonly chip?: { readonly picture: Picture; onChange: (() => void) | undefined };
};

/** Simulated devices for the demo, and for a first try. */
export function createSimulatedHardware(): ClimateHardware {
  return createClimateDevices({ clock: systemClock, random: systemRandom });
}

/** Starts the climate application against a broker. */
export function startClimate(
  broker: HubConfig["broker"] & { url: string },
  hardware: ClimateHardware,
  options: ClimateOptions,
  log: ClimateLog,
): RunningClimate {
  const sayBroker = sayStatus(broker.url, log);
  let application: ClimateApplication | undefined = undefined;
  const client: MqttClient = connectToBroker(broker, {
    will: createClimateWill(options),
    onStatus: (status) => {
      sayBroker(status);
      application?.brokerStatus(status);
    },
  });
  const { sensor, led, display, chip } = hardware;
  application = new ClimateApplication({
    link: client,
    clock: systemClock,
    sensor,
    led,
    display,
    options,
    log,
  });
  if (chip) {
    chip.onChange = () => {
      if (client.connected)
        client.publish(screenTopic, encodeScreen(chip.picture), { retain: true }).catch(() => {});
    };
  }
  application.start();
  const running = application;
  return {
    application,
    async close() {
      if (chip) chip.onChange = undefined;
      await running.close();
      await Promise.all([client.close(), sensor.close(), led?.close(), display?.close()]);
    },
  };
}
