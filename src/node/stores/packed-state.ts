import type { QueueEntry, StoredNode, StoredState } from "../../gateway/index.ts";

/** A stored state on its way between threads: a million entries as one block of numbers, which goes over without being copied. */
export interface PackedState extends Omit<StoredState, "nodes"> {
  readonly nodes: readonly (Omit<StoredNode, "waiting"> & { readonly count: number })[];
  /** The entries of all nodes in their order, five numbers each. */
  readonly entries: Float64Array<ArrayBuffer>;
}

const stride = 5;

export function packState({ nodes, ...rest }: StoredState): PackedState {
  const total = nodes.reduce((sum, { waiting }) => sum + waiting.length, 0);
  const entries = new Float64Array(total * stride);
  let at = 0;
  for (const { waiting } of nodes) {
    for (const { id, size, priority, expiresAt, supersededBy } of waiting) {
      entries.set([id, size, priority, expiresAt, supersededBy], at);
      at += stride;
    }
  }
  const packed = nodes.map(({ record, nextId, waiting }) => ({ record, nextId, count: waiting.length }));
  return { ...rest, nodes: packed, entries };
}

export function unpackState({ nodes, entries, ...rest }: PackedState): StoredState {
  let at = 0;
  const unpacked = nodes.map(({ record, nextId, count }) => {
    const waiting: QueueEntry[] = [];
    for (let index = 0; index < count; index++) {
      const [id = 0, size = 0, priority = 0, expiresAt = 0, supersededBy = 0] = entries.subarray(
        at,
        at + stride,
      );
      waiting.push({ id, size, priority, expiresAt, supersededBy });
      at += stride;
    }
    return { record, nextId, waiting };
  });
  return { ...rest, nodes: unpacked };
}
