import type { Clock, Random } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import { RadioGroup } from "../gateway/index.ts";
import { UdpRadio } from "../node/index.ts";
import { createDemoWorld, type DemoWorld } from "../virtual/index.ts";
import type { HubConfig } from "./config-schema.ts";
import { hubErrors } from "./errors.ts";

/** A radio that is open, and the simulated world around it where there is one. */
export interface RadioLink {
  readonly radio: Radio;
  /** What it is, for people. */
  readonly description: string;
  readonly world?: DemoWorld;
}

/** What opening a radio stands on. */
interface Services {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Opens the radio of a configuration, or several that work as one.
 *
 * @throws `hub/no-radio`, `udp-radio/port-busy`, `udp-radio/cannot-bind`
 */
export async function openRadio(config: HubConfig["radio"], services: Services): Promise<RadioLink> {
  const { link, address, channel } = config;
  if (Array.isArray(link)) return openGroup({ ...config, link }, services);
  if (link === undefined) {
    throw hubErrors.create(
      "hub/no-radio",
      "the gateway has no radio. Say --radio udp:127.0.0.1:47000 for nodes in other processes, " +
        "or --radio virtual for a simulated air with six nodes",
    );
  }
  if (link === "virtual") {
    const world = createDemoWorld({ ...services, gatewayAddress: address, channel });
    return { radio: world.gatewayRadio, description: "a simulated air with six nodes", world };
  }
  const [, host, port] = /^udp:(?:([^\s:]+):)?(\d+)$/.exec(link) ?? [];
  const bind = { host: host ?? "127.0.0.1", port: Number(port) };
  const radio = await UdpRadio.open({ address, channel, bind, clock: services.clock });
  return { radio, description: `UDP ${bind.host}:${radio.port}` };
}

/** Opens them all, or none. */
async function openGroup(
  config: HubConfig["radio"] & { readonly link: readonly string[] },
  services: Services,
): Promise<RadioLink> {
  const links: RadioLink[] = [];
  try {
    for (const link of config.link) links.push(await openRadio({ ...config, link }, services));
  } catch (error) {
    await Promise.allSettled(links.map(({ radio }) => radio.close()));
    throw error;
  }
  const radio = new RadioGroup(
    links.map((one) => one.radio),
    services,
  );
  return { radio, description: links.map(({ description }) => description).join(" and ") };
}
