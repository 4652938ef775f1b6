import type { Clock, Random } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import { type GatewayLog, RadioGroup } from "../gateway/index.ts";
import { donglePlace, isDonglePlace, openDongle, UdpRadio } from "../node/index.ts";
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

/** The address of radios that are none of a chip. */
const softAddress = "02006d6f7465";

/** What opening a radio stands on. */
interface Services {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Opens the radio of a configuration, or several that work as one.
 *
 * @param say is told when a dongle goes and when it is back
 * @throws `hub/no-radio`, `udp-radio/port-busy`, `udp-radio/cannot-bind`; `serial/…` and `dongle/…` of a dongle
 */
export async function openRadio(
  config: HubConfig["radio"],
  services: Services,
  say: GatewayLog,
): Promise<RadioLink> {
  const { link, address = softAddress, channel } = config;
  if (Array.isArray(link)) return openGroup({ ...config, link }, services, say);
  if (link === undefined) {
    throw hubErrors.create(
      "hub/no-radio",
      "the gateway has no radio. Say --radio auto for a dongle on USB, --radio udp:127.0.0.1:47000 for nodes in " +
        "other processes, or --radio virtual for a simulated air with seven nodes",
    );
  }
  if (link === "virtual") {
    const world = createDemoWorld({ ...services, gatewayAddress: address, channel });
    return { radio: world.gatewayRadio, description: "a simulated air with seven nodes", world };
  }
  if (isDonglePlace(link)) return openDongleLink(link, config, services, say);
  const [, host, port] = /^udp:(?:([^\s:]+):)?(\d+)$/.exec(link) ?? [];
  const bind = { host: host ?? "127.0.0.1", port: Number(port) };
  const radio = await UdpRadio.open({ address, channel, bind, clock: services.clock });
  return { radio, description: `UDP ${bind.host}:${radio.port}` };
}

async function openDongleLink(
  link: string,
  config: HubConfig["radio"],
  services: Services,
  say: GatewayLog,
): Promise<RadioLink> {
  const place = donglePlace(link);
  const { address, power, channel, access_point: accessPoint, long_range: longRange } = config;
  const radio = await openDongle(place, {
    ...services,
    channel,
    accessPoint,
    longRange,
    ...(address !== undefined && { address }),
    ...(power !== undefined && { power }),
    say,
  });
  return { radio, description: `the dongle at ${place.name}` };
}

/** Opens them all, or none. They have one address: nodes send to that, whichever of them hears it. */
async function openGroup(
  config: HubConfig["radio"] & { readonly link: readonly string[] },
  services: Services,
  say: GatewayLog,
): Promise<RadioLink> {
  const { address = softAddress } = config;
  const links: RadioLink[] = [];
  try {
    for (const link of config.link) links.push(await openRadio({ ...config, address, link }, services, say));
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
