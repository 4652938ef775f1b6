import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import { loadConfig } from "../../src/hub/index.ts";
import { openRadio } from "../../src/hub/radio-link.ts";
import { systemClock, UdpRadio } from "../../src/node/index.ts";

const services = { clock: systemClock, random: createSeededRandom(1) };

describe("the radios of a configuration (real)", () => {
  it("are one when there are several: what either hears is heard", async () => {
    const { radio: config } = loadConfig({
      environment: {},
      overrides: { radio: { link: ["udp:127.0.0.1:0", "udp:localhost:0"] } },
    });
    const { radio, description } = await openRadio(config, services, () => {});
    const ports = [...description.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
    expect(ports).toHaveLength(2);
    const heard: string[] = [];
    radio.listen(({ source }) => heard.push(source));
    for (const [index, port] of ports.entries()) {
      const node = await UdpRadio.open({
        address: `02000000000${index}`,
        gateway: { host: "127.0.0.1", port },
      });
      expect(await node.send(radio.address, new Uint8Array(1))).toBe(true);
      await node.close();
    }
    await radio.close();
    expect(heard).toEqual(["020000000000", "020000000001"]);
  });

  it("are closed again when one of them cannot be opened", async () => {
    const taken = await UdpRadio.open({ address: "020000000001" });
    const free = await UdpRadio.open({ address: "020000000002" });
    const { port } = free;
    await free.close();
    const { radio: config } = loadConfig({
      environment: {},
      overrides: { radio: { link: [`udp:127.0.0.1:${port}`, `udp:127.0.0.1:${taken.port}`] } },
    });
    await expect(openRadio(config, services, () => {})).rejects.toMatchObject({
      code: "udp-radio/port-busy",
    });
    const again = await UdpRadio.open({ address: "020000000002", bind: { port } });
    await again.close();
    await taken.close();
  });
});
