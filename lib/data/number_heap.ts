interface Entry<Value> {
  readonly order: number;
  /** Decides among entries of equal order. */
  readonly tie: number;
  readonly value: Value;
}

/** A binary heap: the lowest order on top, among equals the lowest `tie`. */
export class NumberHeap<Value> {
  readonly #entries: Entry<Value>[] = [];

  push(order: number, tie: number, value: Value): void {
    const entries = this.#entries;
    let index = entries.push({ order, tie, value }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(entries[index], entries[parent])) break;
      [entries[index], entries[parent]] = [entries[parent], entries[index]];
      index = parent;
    }
  }

  pop(): Entry<Value> | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    entries[0] = last;
    let index = 0;
    while (true) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < entries.length && precedes(entries[child], entries[first])) first = child;
      }
      if (first === index) return top;
      [entries[index], entries[first]] = [entries[first], entries[index]];
      index = first;
    }
  }
}

function precedes<Value>(a: Entry<Value>, b: Entry<Value>): boolean {
  return a.order < b.order || (a.order === b.order && a.tie < b.tie);
}
