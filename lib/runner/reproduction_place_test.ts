import { assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { besideName } from "#lib/results/place.ts";
import type { Cell } from "./cell.ts";
import { NoiseCheck } from "./noise_check.ts";
import { presentOf } from "./freshness.ts";
import { Reproduction, type ReproductionOptions } from "./reproduction.ts";
import { PLAIN } from "./test_experiment.ts";
import { writeRecorded } from "./test_records.ts";

const CPU = "llvmpipe (LLVM 15.0.6, 256 bits), 65541";
const GPU = "Fake GPU 9000, vendor";
const SEEDS = [1, 2, 3];
const profile = await testProfile();

const presentOn = (adapter: string) => presentOf(profile, undefined, adapter);

/** Noise of a hundredth between seeds. */
function resultOf({ method, seed }: Cell, shift = 0) {
  const value = (method.name === "sft" ? 0.3 : 0.5) + 0.01 * seed + shift;
  return { scores: [{ dataset: "dolly", metric: "rouge_l", value, count: 100 }], curves: [], samples: [] };
}

/** Results that were recorded on the CPU driver. */
function test(name: string, fn: (folder: string, options: ReproductionOptions) => Promise<void>): void {
  testInFolder(name, async (resultsFolder) => {
    const present = await presentOn(CPU);
    const place = { resultsFolder, profileName: "smoke" };
    await writeRecorded(place, PLAIN, SEEDS, (cell) => ({ present, result: resultOf(cell) }));
    await fn(resultsFolder, {
      ...{ ...place, profile, seeds: SEEDS, experiments: [PLAIN], allExperiments: [PLAIN] },
      ...{ force: false, keepsRecorded: true, asksForAdapter: false, failFast: false },
      ...{ checkpointSeconds: 0, otherArguments: [], stop: new AbortController().signal },
    });
  });
}

const statesOf = ({ plans }: Reproduction) => [...new Set(plans[0].cells.map(({ state }) => state))];

test(
  "on the recorded adapter everything is fresh where it is; on another one it is missing beside, and never stale",
  async (_, options) => {
    const own = await Reproduction.plan(options, CPU);
    assertEquals([own.place.profileName, statesOf(own)], ["smoke", ["fresh"]]);
    const other = await Reproduction.plan(options, GPU);
    assertEquals([other.place.profileName, statesOf(other)], [besideName("smoke", GPU), ["missing"]]);
    assertEquals([other.place.adapter, other.place.recorded?.adapter], [GPU, CPU]);
    // How long they took on the recorded adapter is known.
    assertEquals(other.estimateOf(other.plans), { seconds: 12, unknown: 0 });
  },
);

test("to record on another adapter makes what is recorded stale, in place", async (_, options) => {
  const record = await Reproduction.plan({ ...options, keepsRecorded: false }, GPU);
  assertEquals([record.place.profileName, record.place.recorded, statesOf(record)], ["smoke", undefined, ["stale"]]);
  assertEquals(record.plans[0].cells[0].changes, [{ kind: "environment", text: `adapter ${CPU} → ${GPU}` }]);
});

test("a trial is computed by every machine, the recorded adapter's too", async (_, options) => {
  const trial = { ...profile, trial: { experiments: ["plain"], methods: ["sft", "kd"] } };
  const run = await Reproduction.plan({ ...options, profile: trial }, CPU);
  assertEquals([run.place.profileName, statesOf(run)], [besideName("smoke", CPU), ["missing"]]);
});

/** The verdicts on what another adapter has computed, by method, and how many are not recorded. */
async function verdictsOn(folder: string, options: ReproductionOptions, shiftOf: (cell: Cell) => number) {
  const [present, check] = [await presentOn(GPU), await NoiseCheck.before(await Reproduction.plan(options, GPU))];
  assertEquals(check.isBeside, true);
  assertEquals(check.against.profileName, "smoke");
  const place = { resultsFolder: folder, profileName: besideName("smoke", GPU) };
  await writeRecorded(
    place,
    PLAIN,
    options.seeds ?? SEEDS,
    (cell) => ({ present, result: resultOf(cell, shiftOf(cell)) }),
  );
  const verdict = await check.verdict();
  return verdict && {
    rows: verdict.rows.map(({ method, verdict, seeds }) => `${method} ${verdict} ${seeds.length}`),
    unrecorded: verdict.unrecorded,
  };
}

test(
  "results of another adapter are judged against the recorded ones, over the seeds that both have",
  async (folder, options) => {
    const shiftOf = ({ method, seed }: Cell) => method.name === "sft" ? 0 : seed === 1 ? 0.004 : 0;
    assertEquals(await verdictsOn(folder, options, shiftOf), { rows: ["sft equal 3", "kd within 3"], unrecorded: 0 });
    const more = { ...options, seeds: [3, 4] };
    assertEquals(await verdictsOn(folder, more, ({ method }) => method.name === "kd" ? 0.1 : 0), {
      rows: ["sft equal 1", "kd differs 1"],
      unrecorded: 0,
    });
  },
);

test("results of other settings, or that are not recorded, are not judged", async (folder, options) => {
  const changed = { ...options, profile: { ...profile, ammd: { ...profile.ammd, beta: 0.25 } } };
  assertEquals(await verdictsOn(folder, changed, () => 0), undefined);
  assertEquals(await verdictsOn(folder, { ...options, seeds: [7] }, () => 0), undefined);
});

test(
  "what a change of code made stale is judged against what was there before; what is fresh is not",
  async (folder, options) => {
    const place = { resultsFolder: folder, profileName: "smoke" };
    const present = await presentOn(CPU);
    const kernels = { add: "older" };
    const isOld = ({ method }: Cell) => method.name === "kd";
    await writeRecorded(place, PLAIN, SEEDS, (cell) => ({
      ...{ present, result: resultOf(cell) },
      ...(isOld(cell) ? { kernels } : {}),
    }));
    const check = await NoiseCheck.before(await Reproduction.plan(options, CPU));
    assertEquals(check.isBeside, false);
    assertEquals(await check.verdict(), undefined);
    await writeRecorded(place, PLAIN, SEEDS, (cell) => ({ present, result: resultOf(cell, isOld(cell) ? 0.2 : 0.3) }));
    const { rows } = (await check.verdict())!;
    assertEquals(rows.map(({ method, verdict }) => [method, verdict]), [["kd", "differs"]]);
  },
);
