interface Branch<T> {
  readonly children: Map<string, Branch<T>>;
  readonly values: Set<T>;
}

/**
 * Values under topic filters, found by topic name: the dispatch of a client and the routes of a gateway.
 * Wildcards match as MQTT 3.1.1, 4.7 says: `#` matches its parent level too, and neither wildcard at the start
 * matches a name that begins with `$`.
 */
export class FilterTrie<T> {
  readonly #root: Branch<T> = createBranch();

  /** Files a value under a filter; the same value twice under one filter counts once. */
  add(filter: string, value: T): void {
    let branch = this.#root;
    for (const level of filter.split("/")) {
      let child = branch.children.get(level);
      if (!child) {
        child = createBranch();
        branch.children.set(level, child);
      }
      branch = child;
    }
    branch.values.add(value);
  }

  /** Takes a value from under a filter; `false` if it was not there. Empty branches go with it. */
  delete(filter: string, value: T): boolean {
    const path: { branch: Branch<T>; level: string }[] = [];
    let branch = this.#root;
    for (const level of filter.split("/")) {
      const child = branch.children.get(level);
      if (!child) return false;
      path.push({ branch, level });
      branch = child;
    }
    const found = branch.values.delete(value);
    for (const { branch: parent, level } of path.toReversed()) {
      const child = parent.children.get(level);
      if (!child || child.values.size > 0 || child.children.size > 0) break;
      parent.children.delete(level);
    }
    return found;
  }

  /** The values under exactly this filter. */
  valuesOf(filter: string): ReadonlySet<T> {
    let branch: Branch<T> | undefined = this.#root;
    for (const level of filter.split("/")) branch = branch?.children.get(level);
    return branch?.values ?? new Set();
  }

  /** The values of every filter that matches a topic name, each once. */
  match(name: string): Set<T> {
    const found = new Set<T>();
    let wild = !name.startsWith("$");
    let reached = [this.#root];
    for (const level of name.split("/")) {
      const next: Branch<T>[] = [];
      for (const { children } of reached) {
        const same = children.get(level);
        if (same) next.push(same);
        if (!wild) continue;
        const any = children.get("+");
        if (any) next.push(any);
        addAll(children.get("#"), found);
      }
      reached = next;
      wild = true;
    }
    for (const branch of reached) {
      addAll(branch, found);
      addAll(branch.children.get("#"), found);
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

function createBranch<T>(): Branch<T> {
  return { children: new Map(), values: new Set() };
}

function addAll<T>(branch: Branch<T> | undefined, found: Set<T>): void {
  if (branch) for (const value of branch.values) found.add(value);
}
