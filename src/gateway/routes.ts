import { FilterTrie } from "../topics/index.ts";
import type { GatewayNode } from "./node.ts";

/** Which nodes a message is for. */
export class Routes {
  readonly #everybodyTopic: string;
  readonly #trie = new FilterTrie<GatewayNode>();
  readonly #nodes: ReadonlyMap<string, GatewayNode>;

  /**
   * @param nodes all that are known
   * @param everybodyTopic the topic to which every node is subscribed, whether it asked or not
   */
  constructor(nodes: ReadonlyMap<string, GatewayNode>, everybodyTopic: string) {
    this.#nodes = nodes;
    this.#everybodyTopic = everybodyTopic;
  }

  /** A node that has just become known, with the filters it has. */
  join(node: GatewayNode): void {
    for (const filter of node.subscriptions.keys()) this.#trie.add(filter, node);
  }

  /** A node that is no more. */
  leave(node: GatewayNode): void {
    for (const filter of node.subscriptions.keys()) this.#trie.delete(filter, node);
  }

  add(filter: string, node: GatewayNode): void {
    this.#trie.add(filter, node);
  }

  /** Takes a filter from a node; `true` if no node is left that has it. */
  remove(filter: string, node: GatewayNode): boolean {
    this.#trie.delete(filter, node);
    return this.#trie.valuesOf(filter).size === 0;
  }

  /** The nodes that a message is for, each once. */
  subscribersOf(topic: string): ReadonlySet<GatewayNode> {
    if (topic === this.#everybodyTopic) return new Set(this.#nodes.values());
    return this.#trie.match(topic);
  }
}
