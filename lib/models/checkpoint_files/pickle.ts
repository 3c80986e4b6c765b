import { InputError } from "#lib/errors.ts";

// Pickles are programs for a small stack machine (Python's pickletools says what each opcode does). This reader does what builds
// dictionaries, lists, tuples, numbers and texts, and hands the few names that it is given to the caller: no code is ever run.

/** What a pickle may hold. Dictionaries are maps. */
export type PickleValue = null | boolean | number | bigint | string | object;

export interface PickleNames {
  /** What stands for the names of Python that may occur, as in `torch._utils._rebuild_tensor_v2`. */
  readonly known: ReadonlyMap<string, PickleValue>;
  /** What a known name makes of arguments; undefined where it makes nothing of them. */
  readonly call: (called: PickleValue, args: readonly PickleValue[]) => PickleValue | undefined;
  /** What is kept outside of the pickle. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

/** Reads the value of a pickle of protocol 2 to 5. @param where names it in messages */
export function readPickle(bytes: Uint8Array<ArrayBuffer>, where: string, names: PickleNames): PickleValue {
  return new PickleReader(bytes, where, names).read();
}

class PickleReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #where: string;
  readonly #names: PickleNames;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, where: string, names: PickleNames) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.#names = names;
  }

  read(): PickleValue {
    while (true) {
      const at = this.#at;
      const code = String.fromCharCode(this.#take(1)[0]);
      if (code === ".") return this.#pop();
      const run = OPCODES[code];
      if (!run) {
        const value = `0x${code.charCodeAt(0).toString(16).padStart(2, "0")}`;
        throw this.#refusal(`opcode ${value} at byte ${at} is none of those that build tensors and dictionaries`);
      }
      run(this.#machine);
    }
  }

  readonly #machine: Machine = {
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    popToMark: () => this.#popToMark(),
    mark: () => void this.#stack.push(MARK),
    top: () => this.#top(),
    take: (count) => this.#take(count),
    number: (count) => this.#number(count),
    line: () => this.#line(),
    text: (count) => this.#text(count),
    memoize: (key) => void this.#memo.set(key ?? this.#memo.size, this.#top()),
    recall: (key) => {
      const value = this.#memo.get(key);
      if (value === undefined) throw this.#refusal(`it recalls number ${key}, which it did not keep`);
      return value;
    },
    named: (name) => {
      const known = this.#names.known.get(name);
      if (known === undefined) {
        throw this.#refusal(`it names ${name}; tensors and dictionaries alone are read, and no code is run`);
      }
      return known;
    },
    call: (called, args) => {
      const value = Array.isArray(args) ? this.#names.call(called, args) : undefined;
      if (value === undefined) throw this.#refusal(`it makes something of other arguments than tensors have`);
      return value;
    },
    persistent: (id) => this.#names.persistent(id),
    refusal: (why) => this.#refusal(why),
  };

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#refusal("it takes from an empty stack");
    return value;
  }

  #top(): PickleValue {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#refusal("it takes from an empty stack");
    return this.#stack.splice(mark).slice(1) as PickleValue[];
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    if (this.#at + count > this.#bytes.length) throw this.#refusal("it is truncated");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Of 1, 2, 4 or 8 bytes, without a sign. */
  #number(count: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    this.#take(count);
    if (count === 1) return this.#view.getUint8(at);
    if (count === 2) return this.#view.getUint16(at, true);
    return count === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#refusal("it is truncated");
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #text(count: number): string {
    return new TextDecoder().decode(this.#take(count));
  }

  #refusal(why: string): InputError {
    return new InputError(`${this.#where}: ${why}`);
  }
}

interface Machine {
  push(value: PickleValue): void;
  pop(): PickleValue;
  popToMark(): PickleValue[];
  mark(): void;
  top(): PickleValue;
  take(count: number): Uint8Array<ArrayBuffer>;
  number(count: 1 | 2 | 4 | 8): number;
  line(): string;
  text(count: number): string;
  memoize(key?: number): void;
  recall(key: number): PickleValue;
  named(name: string): PickleValue;
  call(called: PickleValue, args: PickleValue): PickleValue;
  persistent(id: PickleValue): PickleValue;
  refusal(why: string): InputError;
}

const pushTuple = (count: number) => (m: Machine) => {
  const values = Array.from({ length: count }, () => m.pop());
  m.push(values.reverse());
};

const pushText = (lengthBytes: 1 | 4 | 8) => (m: Machine) => m.push(m.text(m.number(lengthBytes)));

/** Up to protocol 2 Python writes the name that this module had in Python 2. */
const pushNamed = (m: Machine, module: PickleValue, name: PickleValue) =>
  m.push(m.named(`${module === "__builtin__" ? "builtins" : module}.${name}`));

const OPCODES: Readonly<Record<string, (m: Machine) => void>> = {
  "\x80": (m) => void m.take(1), // PROTO
  "\x95": (m) => void m.take(8), // FRAME
  "(": (m) => m.mark(),
  "0": (m) => void m.pop(),
  "1": (m) => void m.popToMark(),
  "2": (m) => m.push(m.top()),
  // Values.
  N: (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  K: (m) => m.push(m.number(1)),
  M: (m) => m.push(m.number(2)),
  J: (m) => m.push(m.number(4) | 0),
  G: (m) => {
    const bytes = m.take(8);
    m.push(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
  },
  "\x8a": (m) => m.push(longOf(m.take(m.number(1)))),
  "\x8c": pushText(1),
  X: pushText(4),
  "\x8d": pushText(8),
  U: pushText(1),
  T: pushText(4),
  // Collections.
  ")": pushTuple(0),
  "\x85": pushTuple(1),
  "\x86": pushTuple(2),
  "\x87": pushTuple(3),
  t: (m) => m.push(m.popToMark()),
  "]": (m) => m.push([]),
  l: (m) => m.push(m.popToMark()),
  a: (m) => append(m, [m.pop()]),
  e: (m) => append(m, m.popToMark()),
  "}": (m) => m.push(new Map()),
  d: (m) => {
    const items = m.popToMark();
    m.push(new Map());
    setItems(m, items);
  },
  s: (m) => {
    const value = m.pop();
    setItems(m, [m.pop(), value]);
  },
  u: (m) => setItems(m, m.popToMark()),
  // The memo.
  q: (m) => m.memoize(m.number(1)),
  r: (m) => m.memoize(m.number(4)),
  "\x94": (m) => m.memoize(),
  h: (m) => m.push(m.recall(m.number(1))),
  j: (m) => m.push(m.recall(m.number(4))),
  // Names, and what they make.
  c: (m) => {
    const module = m.line();
    pushNamed(m, module, m.line());
  },
  "\x93": (m) => {
    const name = m.pop();
    pushNamed(m, m.pop(), name);
  },
  R: (m) => {
    const args = m.pop();
    m.push(m.call(m.pop(), args));
  },
  Q: (m) => m.push(m.persistent(m.pop())),
  // BUILD gives an object attributes: a state dictionary's `_metadata`, which nothing here needs.
  b: (m) => {
    m.pop();
    if (!(m.top() instanceof Map)) throw m.refusal("it gives attributes to something that is no dictionary");
  },
};

function append(m: Machine, values: readonly PickleValue[]): void {
  const list = m.top();
  if (!Array.isArray(list)) throw m.refusal("it appends to something that is no list");
  for (const value of values) list.push(value);
}

function setItems(m: Machine, items: readonly PickleValue[]): void {
  const map = m.top();
  if (!(map instanceof Map) || items.length % 2 !== 0) {
    throw m.refusal("it sets items of something that is no dictionary");
  }
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
}

/** A whole number of any size, little-endian, in two's complement. */
function longOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  bytes.forEach((byte, i) => value |= BigInt(byte) << BigInt(8 * i));
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return BigInt.asIntN(53, signed) === signed ? Number(signed) : signed;
}
