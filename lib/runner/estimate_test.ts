import { assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { type Cell, cellsOf } from "./cell.ts";
import { RecordedTimes } from "./estimate.ts";
import {
  type FullRecord,
  nameOfShared,
  NO_PROVENANCE,
  type SharedRecord,
  withRecord,
} from "#lib/results/provenance.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const profile = await testProfile();

function recorded(
  seconds: Readonly<Record<string, number>>,
  shared: readonly SharedRecord[] = [],
) {
  const record = (wallSeconds: number) =>
    ({ environment: {}, settings: {}, kernels: {}, wallSeconds }) as unknown as FullRecord;
  const all = Object.entries(seconds).reduce(
    (sum, [address, each]) => withRecord(sum, address, record(each)),
    NO_PROVENANCE,
  );
  return { provenance: { ...all, shared: Object.fromEntries(shared.map((each) => [nameOfShared(each), each])) } };
}

const teacher = (owner: string, seconds: number): SharedRecord => ({ owner, what: "teacher", seconds });
const sft = (owner: string, seed: number, seconds: number): SharedRecord => ({ owner, what: "sft", seed, seconds });
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
    new Map([[
      PLAIN,
      recorded({ "sft/1": 2, "kd/1": 5 }, [teacher("llama", 100), { owner: "llama", what: "texts", seconds: 7 }]),
    ]]),
    profile,
  );
  const [sft, kd] = cells();
  const none = new RecordedTimes(new Map(), profile, others);
  assertEquals([none.secondsOf(sft), none.secondsOf(kd), none.total(cells(), nothing).seconds], [2, 5, 2 + 5 + 107]);
  const own = recorded({ "sft/1": 1 }, [teacher("llama", 30)]);
  const some = new RecordedTimes(new Map([[PLAIN, own]]), profile, others);
  assertEquals([some.secondsOf(sft), some.total([sft], nothing).seconds], [1, 1 + 30 + 7]);
});

Deno.test("what cells share is of the first that may ask for it", () => {
  const shared = [teacher("llama", 100), sft("llama", 4, 20), sft("llama", 5, 7)];
  const times = new RecordedTimes(new Map([[PLAIN, recorded({}, shared)]]), profile);
  const four = cells(PLAIN, [3, 4]);
  assertEquals([...times.sharedBy(four, nothing)], [[four[0], 100], [four[2], 20]]);
  assertEquals([...times.sharedBy(four, ({ what }) => what === "teacher")], [[four[2], 20]]);
});

Deno.test("what two experiments run is counted once, and found under either's name", () => {
  const twin = { ...PLAIN, name: "twin" };
  const times = new RecordedTimes(new Map([[PLAIN, recorded({ "sft/1": 2, "kd/1": 5 })]]), profile);
  assertEquals(times.total([...cells(), ...cells(twin)], nothing), { seconds: 7, unknown: 0 });
});

Deno.test("what cells share is added where it is asked for and not there", () => {
  const shared = [teacher("llama", 100), sft("llama", 3, 10), sft("llama", 4, 20)];
  const times = new RecordedTimes(new Map([[PLAIN, recorded({ "sft/1": 1, "kd/1": 1 }, shared)]]), profile);
  assertEquals(times.total(cells(), nothing).seconds, 2 + 100 + 10);
  assertEquals(times.total(cells(), ({ what }) => what === "teacher").seconds, 2 + 10);
  assertEquals(times.total([], nothing).seconds, 0);
  // Of another experiment's cells nothing is known to be shared.
  assertEquals(times.total(cells({ ...PLAIN, name: "other" }), nothing).seconds, 2);
  const tasks = new RecordedTimes(
    new Map([[TASKS, recorded({}, [teacher("qa", 5), sft("qa/small", 3, 2), teacher("mt", 50)])]]),
    profile,
  );
  assertEquals(tasks.total(cells(TASKS, [3], ["qa"]), nothing).seconds, 7);
});
