/**
 * The pieces that begin at a place of a text: a trie whose nodes are ranges of the sorted pieces, in a few bytes for each letter of a
 * vocabulary.
 */
export class PieceTrie {
  readonly #values: Int32Array;
  /** Children of node n: `#labels`, `#nodes` from `#starts[n]` to `#starts[n + 1]`, in the order of labels. */
  readonly #starts: Int32Array;
  readonly #labels: Uint16Array;
  /** The children of the root, which are many, by label. */
  readonly #first = new Map<number, number>();

  /** @param pieces with the value of each, 0 or more */
  constructor(pieces: ReadonlyMap<string, number>) {
    const sorted = [...pieces.keys()].sort((a, b) => a < b ? -1 : 1);
    const [labels, values, starts]: number[][] = [[], [], []];
    // Nodes in the order of their depth: the children of all nodes of a depth stand behind each other.
    let ranges: Range[] = [{ from: 0, to: sorted.length }];
    for (let depth = 0; ranges.length > 0; depth++) {
      const next: Range[] = [];
      for (const { from, to } of ranges) {
        const isPiece = from < to && sorted[from].length === depth;
        values.push(isPiece ? pieces.get(sorted[from])! : -1);
        starts.push(labels.length);
        for (let start = from + Number(isPiece), end = start; start < to; start = end) {
          const label = sorted[start].charCodeAt(depth);
          while (end < to && sorted[end].charCodeAt(depth) === label) end++;
          labels.push(label);
          next.push({ from: start, to: end });
        }
      }
      ranges = next;
    }
    starts.push(labels.length);
    this.#values = Int32Array.from(values);
    this.#starts = Int32Array.from(starts);
    this.#labels = Uint16Array.from(labels);
    for (let child = this.#starts[0]; child < this.#starts[1]; child++) this.#first.set(this.#labels[child], child + 1);
  }

  /** Calls with the value of each piece that begins at a place, and where it ends, from the shortest on. */
  forEachAt(text: string, at: number, call: (value: number, end: number) => void): void {
    let node = this.#first.get(text.charCodeAt(at));
    for (let end = at + 1; node !== undefined; end++) {
      if (this.#values[node] >= 0) call(this.#values[node], end);
      if (end >= text.length) return;
      node = this.#childOf(node, text.charCodeAt(end));
    }
  }

  #childOf(node: number, label: number): number | undefined {
    let [low, high] = [this.#starts[node], this.#starts[node + 1] - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#labels[middle];
      // The child that the label at a place leads to is the node one further: the root is nobody's child.
      if (found === label) return middle + 1;
      if (found < label) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}
