import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Checkpoint, type Snapshot, SnapshotError, type SnapshotStore } from "./checkpoint.ts";
import { type Resumable, writeSaved } from "./resumable.ts";
import { EveryStep } from "./test_snapshots.ts";

const gpu = await testGpu();
/** A part with a number on the CPU and arrays on the GPU, filled with ascending numbers from `first`. */
function somePart(first: number, lengths: Readonly<Record<string, number>> = {}): Resumable<{ first: number }> {
  const tensors = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [
      name,
      gpu.upload(Float32Array.from({ length }, (_, i) => first + i)),
    ]),
  );
  return {
    state: () => ({ values: { first }, tensors }),
    restore({ values, arrays }) {
      writeSaved(gpu, tensors, arrays);
      first = values.first;
    },
  };
}

async function snapshotOf(parts: Readonly<Record<string, Resumable>>, step = 5): Promise<Snapshot> {
  const store = new EveryStep();
  const checkpoint = new Checkpoint(gpu, store);
  await checkpoint.resume(parts);
  await checkpoint.reached(step, false);
  return store.saved[0];
}

gpuTest("every part comes back as it was saved, read with one wait", async () => {
  const parts = () => ({ one: somePart(1, { a: 3, b: 2 }), two: somePart(10), three: somePart(20, { a: 4 }) });
  const before = gpu.awaits;
  const snapshot = await snapshotOf(parts());
  assertEquals(gpu.awaits - before, 1);
  assertEquals(snapshot, {
    step: 5,
    parts: {
      one: { values: { first: 1 }, arrays: { a: Float32Array.of(1, 2, 3), b: Float32Array.of(1, 2) } },
      two: { values: { first: 10 }, arrays: {} },
      three: { values: { first: 20 }, arrays: { a: Float32Array.of(20, 21, 22, 23) } },
    },
  });
  const store = new EveryStep(snapshot);
  const checkpoint = new Checkpoint(gpu, store);
  checkpoint.keep("two", somePart(0));
  assertEquals(await checkpoint.resume({ one: somePart(0, { a: 3, b: 2 }), three: somePart(0, { a: 4 }) }), 5);
  await checkpoint.reached(5, true);
  assertEquals(store.saved, [snapshot]);
});

gpuTest("a run without a snapshot begins at its beginning", async () => {
  assertEquals(await new Checkpoint(gpu, new EveryStep()).resume({ one: somePart(1) }), 0);
});

gpuTest(
  "a snapshot is saved where it is due, and after the last step in any case; what saving throws ends the run",
  async () => {
    const saved: number[] = [];
    let due = false;
    const store: SnapshotStore = {
      load: () => Promise.resolve(undefined),
      isDue: () => due,
      save: ({ step }) => {
        saved.push(step);
        return step === 4 ? Promise.reject(new Error("interrupted")) : Promise.resolve();
      },
    };
    const checkpoint = new Checkpoint(gpu, store);
    await checkpoint.resume({ one: somePart(1) });
    await checkpoint.reached(1, false);
    due = true;
    await checkpoint.reached(2, false);
    due = false;
    await checkpoint.reached(3, true);
    await assertRejects(() => checkpoint.reached(4, true), Error, "interrupted");
    assertEquals(saved, [2, 3, 4]);
  },
);

const refusals: readonly (readonly [string, Readonly<Record<string, Resumable>>, string])[] = [
  [
    "holds a part that the run has not",
    { one: somePart(1, { a: 3 }), log: somePart(1) },
    "the run has no part two; its parts are one, log",
  ],
  [
    "lacks a part of the run",
    { one: somePart(1, { a: 3 }), two: somePart(1), log: somePart(1) },
    "part log of the run was not saved",
  ],
  [
    "holds an array of another length",
    { one: somePart(1, { a: 4 }), two: somePart(1) },
    "part one does not fit: its array a has 3 numbers but must have 4",
  ],
  [
    "holds an array that the part has not",
    { one: somePart(1, { b: 3 }), two: somePart(1) },
    "part one does not fit: it has no array a; its arrays are b",
  ],
  [
    "lacks an array of a part",
    { one: somePart(1, { a: 3, b: 7 }), two: somePart(1) },
    "part one does not fit: its array b, of 7 numbers, is missing",
  ],
];
for (const [what, parts, message] of refusals) {
  gpuTest(`a snapshot that ${what} is refused`, async () => {
    const snapshot = await snapshotOf({ one: somePart(1, { a: 3 }), two: somePart(2) });
    const error = await assertRejects(() => new Checkpoint(gpu, new EveryStep(snapshot)).resume(parts), SnapshotError);
    assertEquals(error.message, `Cannot resume from step 5: ${message}`);
  });
}

gpuTest("what a part throws beside not fitting is not taken for a wrong snapshot", async () => {
  const broken: Resumable = {
    state: () => ({ values: 0 }),
    restore: () => {
      throw new TypeError("a defect");
    },
  };
  const checkpoint = new Checkpoint(gpu, new EveryStep(await snapshotOf({ broken })));
  await assertRejects(() => checkpoint.resume({ broken }), TypeError, "a defect");
});

gpuTest("a name is taken once, and before the run begins", async () => {
  const checkpoint = new Checkpoint(gpu, new EveryStep());
  checkpoint.keep("one", somePart(1));
  assertThrows(() => checkpoint.keep("one", somePart(1)), RangeError, "Cannot keep one: another part of the run has");
  assert(await checkpoint.resume() === 0);
  assertThrows(() => checkpoint.keep("two", somePart(1)), RangeError, "Cannot keep two: the run has begun without it");
});
