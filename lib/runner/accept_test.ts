import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Interrupted } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { type AcceptMode, acceptStale, sampleGroups } from "./accept.ts";
import { type Cell, cellsOf, fullAddressOf, makingOf } from "./cell.ts";
import type { Computation } from "./compute_cell.ts";
import { basisOf, changesOfCell, presentOf } from "./freshness.ts";
import { openKnown, readKnown } from "./known_results.ts";
import { planExperiments } from "./plan.ts";
import { CellRunner } from "./run_cells.ts";
import { recordAt } from "#lib/results/provenance.ts";
import type { ResultsFolder } from "#lib/results/results_folder.ts";
import { PLAIN } from "./test_experiment.ts";
import { USES, writeRecorded } from "./test_records.ts";

const SEEDS = [1, 2, 3];
/** An experiment that runs the same under another name. */
const TWIN: Experiment = { ...PLAIN, name: "twin" };
const profile = await testProfile();
const present = presentOf(profile, undefined, "A1");

/** Of a method and seed, to the digits of a version of the code. */
function resultOf({ method, seed }: Cell, version: number): CellResult {
  const value = (method.name === "sft" ? 0.3 : 0.5) + 0.01 * seed + version;
  return {
    scores: [{ dataset: "dolly", metric: "rouge_l", value, count: 100 }],
    curves: [{ step: 1, measure: "loss", value }],
    samples: [],
  };
}

/** Results of an older version of the code, and a runner that computes them with a new one. */
function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  testInFolder(name, async (resultsFolder) => {
    const place = { resultsFolder, profileName: "p" };
    const older = { present, commit: "version 0", kernels: { add: "older" } };
    const folders = new Map<Experiment, ResultsFolder>();
    for (const experiment of [PLAIN, TWIN]) {
      const recordOf = (cell: Cell) => ({ ...older, result: resultOf(cell, 0) });
      folders.set(experiment, await writeRecorded(place, experiment, SEEDS, recordOf));
    }
    const [computed, notes]: string[][] = [[], []];
    const known = async () =>
      new Map(await Promise.all([PLAIN, TWIN].map(async (each) => [each, await readKnown(place, each)] as const)));
    await fn({
      computed,
      notes,
      folders,
      plan: async () =>
        await planExperiments([PLAIN, TWIN], await known(), { ...place, seeds: SEEDS, force: false }, present),
      async accept(mode, versionOf, experiments = [PLAIN, TWIN]) {
        const computer = {
          width: 1,
          abandon: () => {},
          compute: (cell: Cell): Promise<Computation> => {
            const version = versionOf(cell);
            computed.push(fullAddressOf(cell));
            const basis = basisOf(makingOf(cell, profile), USES, present);
            const size = { ownMs: 1, peakMemoryBytes: 1, peakGpuBytes: 1, shared: {} };
            const { scores, ...rows } = resultOf(cell, version);
            // As older files do not say it.
            const result = { ...rows, scores: scores.map((score) => ({ ...score, decoding: "beam" })) };
            return Promise.resolve({ result, basis, description: {}, ...size });
          },
          [Symbol.asyncDispose]: () => Promise.resolve(),
        };
        const runner = new CellRunner(computer, {
          ...{ ...place, present, failFast: false, otherArguments: [] },
          code: { commit: "version 1", dirty: false },
          stop: new AbortController().signal,
        }, { begin: () => {}, putBack: () => {}, end: () => {} });
        const plans = (await this.plan()).filter(({ experiment }) => experiments.includes(experiment));
        const note = (message: string) => void notes.push(message);
        await acceptStale(sampleGroups(plans), runner, { mode, present, commit: "now", note }).finally(async () => {
          for (const each of [PLAIN, TWIN]) {
            folders.set(each, await openKnown(place, each, await readKnown(place, each)));
          }
        });
      },
    });
  });
}

interface Stage {
  readonly computed: string[];
  readonly notes: string[];
  readonly folders: ReadonlyMap<Experiment, ResultsFolder>;
  plan(): ReturnType<typeof planExperiments>;
  /** @param versionOf how far the numbers are from the recorded ones; may throw */
  accept(mode: AcceptMode, versionOf: (cell: Cell) => number, experiments?: readonly Experiment[]): Promise<void>;
}

const valueAt = (folder: ResultsFolder, method: string, seed: number) =>
  folder.scores.find((row) => row.method === method && row.seed === seed)!.value;

const staleOf = async (stage: Stage) =>
  (await stage.plan()).flatMap(({ experiment, cells }) =>
    cells.filter(({ state }) => state !== "fresh").map(({ address }) => `${experiment.name}/${address}`)
  );

test("where the first seed agrees within the noise its rows are replaced, and the other seeds stay as recorded", async (stage) => {
  assertEquals((await staleOf(stage)).length, 12);
  await stage.accept("noise", () => 0.002);
  // Computed once, though two experiments have it.
  assertEquals(stage.computed, ["plain/sft/1", "plain/kd/1"]);
  assertEquals(await staleOf(stage), []);
  for (const [experiment, folder] of stage.folders) {
    assertEquals(SEEDS.map((seed) => valueAt(folder, "sft", seed)), [0.312, 0.32, 0.33]);
    const records = SEEDS.map((seed) => recordAt(folder.provenance, `sft/${seed}`)!);
    assertEquals(records.map(({ takenFrom }) => takenFrom), [
      experiment === TWIN ? "plain/sft/1" : undefined,
      undefined,
      undefined,
    ]);
    // s of a run is 0.01, and of a difference of two √2 as much.
    const accepted = { commit: "now", checked: ["sft/1"], noise: { rows: 1, equal: 0, largest: 0.14 } };
    assertEquals(records.map(({ accepted }) => accepted), [undefined, accepted, accepted]);
    assertEquals(records[1].commit, "version 0");
    assertEquals(changesOfCell(records[1], cellsOf(experiment, { seeds: [2], methods: ["sft"] })[0], present), []);
  }
  assertMatch(
    stage.notes[0],
    /^plain: sft\/1 comes out with 0 of 1 rows equal, 1 within the noise, 0 beyond it; accepted: sft\/2, sft\/3$/,
  );
});

test("a cell that comes out beyond the noise is recorded as it is now, and vouches for none", async (stage) => {
  await stage.accept("noise", ({ method }) => method.name === "kd" ? 0.2 : 0);
  assertEquals(await staleOf(stage), ["plain/kd/2", "plain/kd/3", "twin/kd/2", "twin/kd/3"]);
  for (const folder of stage.folders.values()) {
    assertEquals(SEEDS.map((seed) => valueAt(folder, "kd", seed)), [0.71, 0.52, 0.53]);
    assertEquals(recordAt(folder.provenance, "kd/2")!.accepted, undefined);
    assertEquals(recordAt(folder.provenance, "sft/2")!.accepted, { commit: "now", checked: ["sft/1"] });
  }
  assertMatch(stage.notes[2], /0 within the noise, 1 beyond it; not accepted: kd\/2, kd\/3$/);
});

test("a stop loses the cell in progress alone: what was decided is written, and the same command resumes", async (stage) => {
  const stops = ({ method }: Cell): number => {
    if (method.name === "kd") throw new Interrupted("SIGTERM");
    return 0.001;
  };
  await assertRejects(() => stage.accept("noise", stops), Interrupted);
  const left = ["plain/kd", "twin/kd"].flatMap((name) => SEEDS.map((seed) => `${name}/${seed}`));
  assertEquals((await staleOf(stage)).sort(), left.sort());
  await stage.accept("noise", () => 0.001);
  assertEquals(stage.computed, ["plain/sft/1", "plain/kd/1"]);
  assertEquals(recordAt(stage.folders.get(TWIN)!.provenance, "sft/1")!.takenFrom, "plain/sft/1");
  assertEquals(await staleOf(stage), []);
});

test("a cell that fails is left as it is, and others are decided all the same", async (stage) => {
  await stage.accept("noise", ({ method }) => {
    if (method.name === "sft") throw new Error("no such kernel");
    return 0;
  });
  assertEquals((await staleOf(stage)).filter((name) => name.includes("kd")), []);
  assertMatch(stage.notes[0], /^plain: sft\/1 fails now \(no such kernel\); not accepted: sft\/2, sft\/3$/);
  assertEquals(valueAt(stage.folders.get(PLAIN)!, "sft", 1), 0.31);
});

Deno.test("groups are of cells that the same changes of code and nothing else have made stale, and of two at least", () => {
  const plan = (cells: readonly (readonly [seed: number, kinds: readonly string[]])[]) =>
    ({
      cells: cells.map(([seed, kinds]) => ({
        cell: cellsOf(PLAIN, { seeds: [seed], methods: ["sft"] })[0],
        address: `sft/${seed}`,
        state: "stale",
        changes: kinds.map((kind) => ({ kind, text: kind })),
      })),
    }) as unknown as Parameters<typeof sampleGroups>[0][number];
  const groupsOf = (...cells: (readonly [number, readonly string[]])[]) =>
    sampleGroups([plan(cells)]).map(({ sample, others }) => [sample, ...others].map(({ address }) => address));
  assertEquals(groupsOf([3, ["code"]], [2, ["code"]], [1, ["settings"]], [4, ["code", "code"]]), [["sft/2", "sft/3"]]);
  assertEquals(groupsOf([3, ["code"]], [2, ["environment"]]), []);
});

test("where the first seed comes out the same to the byte the others are kept; otherwise it is recorded as it is now", async (stage) => {
  await stage.accept("equal", ({ method }) => method.name === "kd" ? 0.001 : 0);
  assertEquals(await staleOf(stage), ["plain/kd/2", "plain/kd/3", "twin/kd/2", "twin/kd/3"]);
  assertEquals(stage.notes.toSorted(), [
    "plain: kd/1 comes out otherwise now; not accepted: kd/2, kd/3",
    "plain: sft/1 comes out the same; accepted: sft/2, sft/3",
    "twin: kd/1 comes out otherwise now; not accepted: kd/2, kd/3",
    "twin: sft/1 comes out the same; accepted: sft/2, sft/3",
  ]);
  for (const folder of stage.folders.values()) {
    assertEquals(SEEDS.map((seed) => valueAt(folder, "kd", seed)), [0.511, 0.52, 0.53]);
    assertEquals(recordAt(folder.provenance, "sft/3")!.accepted, { commit: "now", checked: ["sft/1"] });
  }
});

/** The text of a provenance file as the format before had it. */
function inFormat2(text: string): string {
  const { kernels, numerics: _, shared: __, cells, ...file } = JSON.parse(text);
  const sources = Object.entries<Record<string, string>>(kernels).map(([id, digests]) => [
    id,
    Object.fromEntries(Object.entries(digests).map(([name, digest]) => [`kernel ${name}`, digest])),
  ]);
  const older = Object.entries<Record<string, unknown>>(cells).map(([address, { kernels, numerics: _, ...cell }]) => [
    address,
    { ...cell, sources: kernels, variant: "{}" },
  ]);
  return JSON.stringify({
    ...file,
    format: 2,
    shared: {},
    sources: Object.fromEntries(sources),
    cells: Object.fromEntries(older),
  });
}

test("results of the format before are stale until samples vouch for them, and are then in the present format", async (stage) => {
  for (const { path } of stage.folders.values()) {
    const file = `${path}/provenance.json`;
    await Deno.writeTextFile(file, inFormat2(await Deno.readTextFile(file)));
  }
  assertEquals((await staleOf(stage)).length, 12);
  await stage.accept("equal", () => 0);
  assertEquals(stage.computed, ["plain/sft/1", "plain/kd/1"]);
  assertEquals(await staleOf(stage), []);
  for (const folder of stage.folders.values()) {
    const { format, cells } = JSON.parse(await Deno.readTextFile(`${folder.path}/provenance.json`));
    assertEquals([format, Object.keys(cells).length], [3, 6]);
    assertEquals(folder.scores.map(({ decoding }) => decoding), Array(6).fill("beam"));
    assertEquals(recordAt(folder.provenance, "kd/3")!.numerics, { lib: 1, "method kd": 1 });
  }
});

test("what another experiment has computed in a command before serves the sample, by its record", async (stage) => {
  const only = (experiment: Experiment) => (cell: Cell) => {
    if (cell.experiment !== experiment) throw new Interrupted("SIGTERM");
    return 0.001;
  };
  await stage.accept("noise", only(PLAIN), [PLAIN]);
  assertEquals((await staleOf(stage)).filter((name) => name.startsWith("plain")), []);
  // Nothing is computed, which would throw.
  await stage.accept("noise", only(PLAIN));
  assertEquals(stage.computed, ["plain/sft/1", "plain/kd/1"]);
  assertEquals(recordAt(stage.folders.get(TWIN)!.provenance, "sft/1")!.takenFrom, "plain/sft/1");
  assertEquals(await staleOf(stage), []);
});
