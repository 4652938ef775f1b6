import { show } from "../base/index.ts";
import { type MacAddress, toMacAddress } from "../device/index.ts";
import type { Admission } from "./admission.ts";
import { holderOfName } from "./config.ts";
import type { Distribution } from "./distribution.ts";
import { gatewayErrors } from "./errors.ts";
import { findNode, type GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";
import { removeNode } from "./removal.ts";
import { readRequest } from "./request-shapes.ts";
import type { RequestHandlers } from "./requests.ts";

type NodeHandlers = {
  readonly [
    Name in keyof RequestHandlers as Name extends `node/${string}` ? Name : never
  ]: RequestHandlers[Name];
};

/**
 * Lets nodes in, names them, removes them.
 *
 * @param forget is told of each node that goes, or of which the record has been changed
 */
export function createNodeRequests(
  parts: GatewayParts,
  distribution: Distribution,
  admission: Admission,
  forget: (address: MacAddress) => void,
): NodeHandlers {
  const { nodes, journal, bridge, events } = parts;

  /** @throws `gateway/bad-request` */
  const assertFree = (name: string, own: MacAddress) => {
    // One that is not known yet has its name already, if it is an address or that of the configuration.
    const taken =
      toMacAddress(name) ??
      holderOfName(parts.config, name) ??
      [...nodes.values()].find((node) => node.name === name)?.address;
    if (taken === undefined || taken === own) return;
    throw gatewayErrors.create("gateway/bad-request", `name: ${show(name)} is what node ${taken} is called`);
  };

  const rename = (node: GatewayNode, name: string) => {
    const before = node.name;
    if (before === name) return before;
    bridge.forgetName(node);
    node.givenName = name === node.address ? undefined : name;
    journal.add({ type: "node", record: node.toRecord() });
    bridge.appeared(node);
    events.tell({ type: "node_renamed", node: node.address, name, before });
    return before;
  };

  return {
    "node/allow"(request) {
      const { address: given, name } = readRequest("node/allow", request);
      const address = toMacAddress(given) ?? "";
      if (parts.config.deny.includes(address)) {
        throw gatewayErrors.create(
          "gateway/bad-request",
          `address: ${address} is denied by the configuration`,
        );
      }
      const known = nodes.get(address);
      if (name !== undefined) assertFree(name, address);
      admission.deny(address, false);
      const node = known ?? admission.meet(address);
      if (typeof node === "string") {
        throw gatewayErrors.create("gateway/not-taken", `node ${address} cannot be taken: ${node}`);
      }
      if (!node.isClassic) {
        admission.admitClassic(node);
        forget(address);
      }
      if (name !== undefined) rename(node, name);
      return { node: node.address, name: node.name };
    },

    "node/rename"(request) {
      const { node: given, name } = readRequest("node/rename", request);
      const node = findNode(nodes, given);
      if (node.byHand?.name !== undefined) {
        throw gatewayErrors.create(
          "gateway/bad-request",
          `node ${node.address} has its name in the configuration (nodes.${node.address}.name), or is a simulated one: no request changes it`,
        );
      }
      assertFree(name, node.address);
      const before = rename(node, name);
      return { node: node.address, name: node.name, before };
    },

    async "node/remove"(request) {
      const { node: given, deny = false } = readRequest("node/remove", request);
      const node = findNode(nodes, given);
      if (deny) admission.deny(node.address, true);
      forget(node.address);
      await removeNode(parts, distribution, node);
      return { node: node.address };
    },
  };
}
