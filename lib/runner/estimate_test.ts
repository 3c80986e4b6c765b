import { assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { type Cell, cellsOf } from "./cell.ts";
import { RecordedTimes } from "./estimate.ts";
import { type FullRecord, NO_PROVENANCE, type Provenance, withRecord } from "#lib/results/provenance.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const profile = await testProfile();

function recorded(
  seconds: Readonly<Record<string, number>>,
  shared: Readonly<Record<string, number>> = {},
) {
  const record = (wallSeconds: number) =>
    ({ environment: {}, settings: {}, sources: {}, wallSeconds }) as unknown as FullRecord;
  const all = Object.entries(seconds).reduce(
    (sum, [address, each]) => withRecord(sum, address, record(each)),
    NO_PROVENANCE,
  );
  return { provenance: { ...all, shared } as Provenance };
}

const nothing = () => false;
const cells = (experiment = PLAIN, seeds = [3], tasks?: string[]): Cell[] => cellsOf(experiment, { seeds, tasks });

Deno.test("a cell takes what its like took: the same run of other seeds, else the experiment's cells", () => {
  const times = new RecordedTimes(new Map([[PLAIN, recorded({ "sft/1": 2, "sft/2": 4 })]]), profile);
  const [sft, kd] = cells();
  assertEquals([times.secondsOf(sft), times.secondsOf(kd)], [3, 3]);
  assertEquals(times.total([sft, kd], nothing), { seconds: 6, unknown: 0 });
  const tasks = cells(TASKS);
  assertEquals(times.total(tasks, nothing), { seconds: 0, unknown: tasks.length });
});

Deno.test("where nothing is recorded of a cell, another machine's times are gone by", () => {
  const others = new RecordedTimes(
    new Map([[PLAIN, recorded({ "sft/1": 2, "kd/1": 5 }, { "llama: teacher": 100, "llama: texts": 7 })]]),
    profile,
  );
  const [sft, kd] = cells();
  const none = new RecordedTimes(new Map(), profile, others);
  assertEquals([none.secondsOf(sft), none.secondsOf(kd), none.total(cells(), nothing).seconds], [2, 5, 2 + 5 + 107]);
  const own = recorded({ "sft/1": 1 }, { "llama: teacher": 30 });
  const some = new RecordedTimes(new Map([[PLAIN, own]]), profile, others);
  assertEquals([some.secondsOf(sft), some.total([sft], nothing).seconds], [1, 1 + 30 + 7]);
});

Deno.test("what cells share is of the first that may ask for it", () => {
  const shared = { "llama: teacher": 100, "llama: sft, seed 4": 20, "llama: sft, seed 5": 7 };
  const times = new RecordedTimes(new Map([[PLAIN, recorded({}, shared)]]), profile);
  const four = cells(PLAIN, [3, 4]);
  assertEquals([...times.sharedBy(four, nothing)], [[four[0], 100], [four[2], 20]]);
  assertEquals([...times.sharedBy(four, (name) => name === "llama: teacher")], [[four[2], 20]]);
});

Deno.test("what two experiments run is counted once, and found under either's name", () => {
  const twin = { ...PLAIN, name: "twin" };
  const times = new RecordedTimes(new Map([[PLAIN, recorded({ "sft/1": 2, "kd/1": 5 })]]), profile);
  assertEquals(times.total([...cells(), ...cells(twin)], nothing), { seconds: 7, unknown: 0 });
});

Deno.test("what cells share is added where it is asked for and not there", () => {
  const shared = { "llama: teacher": 100, "llama: sft, seed 3": 10, "llama: sft, seed 4": 20, "samsum: teacher": 1000 };
  const times = new RecordedTimes(new Map([[PLAIN, recorded({ "sft/1": 1, "kd/1": 1 }, shared)]]), profile);
  assertEquals(times.total(cells(), nothing).seconds, 2 + 100 + 10);
  assertEquals(times.total(cells(), (name) => name.endsWith("teacher")).seconds, 2 + 10);
  assertEquals(times.total([], nothing).seconds, 0);
  const tasks = new RecordedTimes(
    new Map([[TASKS, recorded({}, { "qa: teacher": 5, "qa/small: sft, seed 3": 2, "mt: teacher": 50 })]]),
    profile,
  );
  assertEquals(tasks.total(cells(TASKS, [3], ["qa"]), nothing).seconds, 7);
});
