import { assert, assertEquals } from "@std/assert";
import type { Gpu, TypedArray } from "#kernels/runtime/gpu.ts";
import { mapNamed } from "#kernels/op.ts";
import { Checkpoint, type Snapshot, type SnapshotStore, type UnreadArray, type UnreadSnapshot } from "./checkpoint.ts";
import type { SavedPart } from "./resumable.ts";

/** Keeps a snapshot of every step, as a file would: by JSON and copies; and has one to go on from, if given. */
export class EveryStep implements SnapshotStore {
  readonly saved: Snapshot[] = [];
  readonly #start: Snapshot | undefined;

  constructor(start?: Snapshot) {
    this.#start = start;
  }

  load(): Promise<Snapshot | undefined> {
    return Promise.resolve(this.#start && copyOf(this.#start));
  }

  isDue(): boolean {
    return true;
  }

  async save(snapshot: UnreadSnapshot): Promise<void> {
    this.saved.push(copyOf(await readWhole(snapshot)));
  }
}

/** A snapshot as it is given to be saved. */
export function unreadOf({ step, parts }: Snapshot): UnreadSnapshot {
  const unread = (array: TypedArray): UnreadArray => ({
    dtype: array instanceof Float32Array ? "f32" : "u32",
    length: array.length,
    read: () => Promise.resolve(array),
  });
  return { step, parts: mapNamed(parts, ({ values, arrays }) => ({ values, arrays: mapNamed(arrays, unread) })) };
}

async function readWhole({ step, parts }: UnreadSnapshot): Promise<Snapshot> {
  const read: Record<string, SavedPart> = {};
  for (const [name, { values, arrays }] of Object.entries(parts)) {
    const all: Record<string, TypedArray> = {};
    for (const [array, unread] of Object.entries(arrays)) all[array] = await unread.read();
    read[name] = { values, arrays: all };
  }
  return { step, parts: read };
}

function copyOf({ step, parts }: Snapshot): Snapshot {
  const copies = Object.entries(parts).map(([name, { values, arrays }]) => {
    assertIsJson(values, name);
    const copied = Object.entries(arrays).map(([array, numbers]) => [array, numbers.slice()]);
    return [name, { values: JSON.parse(JSON.stringify(values)), arrays: Object.fromEntries(copied) }];
  });
  return { step, parts: Object.fromEntries(copies) };
}

/** Fails where JSON would make something else of a value. */
function assertIsJson(value: unknown, where: string): void {
  if (typeof value === "number") assert(Number.isFinite(value) && !Object.is(value, -0), `${where} is ${value}`);
  else if (typeof value === "object" && value !== null) {
    assert(Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype, `${where} is no plain object`);
    for (const [key, part] of Object.entries(value)) assertIsJson(part, `${where}.${key}`);
  } else assert(value === null || ["string", "boolean"].includes(typeof value), `${where} is ${value}`);
}

/**
 * Checks that saving after every step changes nothing, and that a run that is made anew and goes on from the snapshot of any of `steps`
 * ends the same to the bit, every snapshot on its way included.
 *
 * @param train makes a run anew and returns all that comes of it
 * @returns the snapshots, from that of step 1 on
 */
export async function assertResumes<Outcome>(
  gpu: Gpu,
  train: (checkpoint?: Checkpoint) => Promise<Outcome>,
  steps: readonly number[],
): Promise<readonly Snapshot[]> {
  const uninterrupted = await train();
  const whole = new EveryStep();
  assertEquals(await train(new Checkpoint(gpu, whole)), uninterrupted, "saving changes the run");
  assertEquals(whole.saved.map(({ step }) => step), Array.from(whole.saved, (_, i) => i + 1));
  assertEquals(whole.saved.length, Math.max(...steps), "the last of the steps is to be the run's last");
  for (const step of steps) {
    const rest = new EveryStep(whole.saved[step - 1]);
    const outcome = await train(new Checkpoint(gpu, rest));
    assertEquals(rest.saved, whole.saved.slice(step), `snapshots after going on from step ${step}`);
    assertEquals(outcome, uninterrupted, `going on from step ${step}`);
  }
  return whole.saved;
}
