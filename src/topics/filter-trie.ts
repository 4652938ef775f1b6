/**
 * A level of the trie. Most have one child or one value: those stand in the branch itself, since a hundred thousand maps of one
 * would take several times the room.
 */
class Branch<T> {
  #onlyLevel: string | undefined;
  #onlyChild: Branch<T> | undefined;
  #children: Map<string, Branch<T>> | undefined;
  #value: T | undefined;
  #values: Set<T> | undefined;

  child(level: string): Branch<T> | undefined {
    return level === this.#onlyLevel ? this.#onlyChild : this.#children?.get(level);
  }

  grow(level: string): Branch<T> {
    const child = new Branch<T>();
    if (this.#children) this.#children.set(level, child);
    else if (!this.#onlyChild) {
      this.#onlyLevel = level;
      this.#onlyChild = child;
    } else {
      this.#children = new Map([
        [this.#onlyLevel ?? "", this.#onlyChild],
        [level, child],
      ]);
      this.#onlyLevel = undefined;
      this.#onlyChild = undefined;
    }
    return child;
  }

  prune(level: string): void {
    if (level === this.#onlyLevel) {
      this.#onlyLevel = undefined;
      this.#onlyChild = undefined;
    } else this.#children?.delete(level);
  }

  add(value: T): void {
    if (this.#values) this.#values.add(value);
    else if (this.#value === undefined) this.#value = value;
    else if (this.#value !== value) {
      this.#values = new Set([this.#value, value]);
      this.#value = undefined;
    }
  }

  delete(value: T): boolean {
    if (this.#values) return this.#values.delete(value);
    if (this.#value !== value) return false;
    this.#value = undefined;
    return true;
  }

  get isBare(): boolean {
    const hasValue = this.#value !== undefined || (this.#values?.size ?? 0) > 0;
    return !hasValue && !this.#onlyChild && (this.#children?.size ?? 0) === 0;
  }

  addTo(found: Set<T>): void {
    if (this.#value !== undefined) found.add(this.#value);
    if (this.#values) for (const value of this.#values) found.add(value);
  }
}

/**
 * Values under topic filters, found by topic name: the dispatch of a client and the routes of a gateway.
 * Wildcards match as MQTT 3.1.1, 4.7 says: `#` matches its parent level too, and neither wildcard at the start
 * matches a name that begins with `$`.
 */
export class FilterTrie<T extends {}> {
  readonly #root = new Branch<T>();

  /** Files a value under a filter; the same value twice under one filter counts once. */
  add(filter: string, value: T): void {
    let branch = this.#root;
    for (const level of filter.split("/")) branch = branch.child(level) ?? branch.grow(level);
    branch.add(value);
  }

  /** Takes a value from under a filter; `false` if it was not there. Empty branches go with it. */
  delete(filter: string, value: T): boolean {
    const path: { branch: Branch<T>; level: string }[] = [];
    let branch = this.#root;
    for (const level of filter.split("/")) {
      const child = branch.child(level);
      if (!child) return false;
      path.push({ branch, level });
      branch = child;
    }
    const found = branch.delete(value);
    for (const { branch: parent, level } of path.toReversed()) {
      if (!parent.child(level)?.isBare) break;
      parent.prune(level);
    }
    return found;
  }

  /** The values under exactly this filter. */
  valuesOf(filter: string): ReadonlySet<T> {
    let branch: Branch<T> | undefined = this.#root;
    for (const level of filter.split("/")) branch = branch?.child(level);
    const found = new Set<T>();
    branch?.addTo(found);
    return found;
  }

  /** The values of every filter that matches a topic name, each once. */
  match(name: string): Set<T> {
    const found = new Set<T>();
    let wild = !name.startsWith("$");
    let reached = [this.#root];
    for (const level of name.split("/")) {
      const next: Branch<T>[] = [];
      for (const branch of reached) {
        const same = branch.child(level);
        if (same) next.push(same);
        if (!wild) continue;
        const any = branch.child("+");
        if (any) next.push(any);
        branch.child("#")?.addTo(found);
      }
      reached = next;
      wild = true;
    }
    for (const branch of reached) {
      branch.addTo(found);
      branch.child("#")?.addTo(found);
    }
    return found;
  }
}

/** Whether one filter matches one name. For many filters use a {@link FilterTrie}. */
export function matchesFilter(filter: string, name: string): boolean {
  const filterLevels = filter.split("/");
  const nameLevels = name.split("/");
  if (name.startsWith("$") && (filterLevels[0] === "+" || filterLevels[0] === "#")) return false;
  for (const [index, level] of filterLevels.entries()) {
    if (level === "#") return true;
    if (index >= nameLevels.length) return false;
    if (level !== "+" && level !== nameLevels[index]) return false;
  }
  return filterLevels.length === nameLevels.length;
}
