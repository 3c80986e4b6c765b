import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { StorageError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { addressOf, type Cell, cellsOf, makingOf } from "./cell.ts";
import { readFailure } from "./cell_files.ts";
import { collectKept } from "./collect.ts";
import type { CellComputer, CellWatcher, Computation } from "./compute_cell.ts";
import { basisOf, presentFor, presentOf } from "./freshness.ts";
import { keepCells } from "./keep_cells.ts";
import { keptClaimPath, keptPath, placesWithKept, readKept, seenAt } from "./kept_cells.ts";
import { readKnown } from "./known_results.ts";
import type { ReproductionOptions } from "./reproduction.ts";
import { PLAIN } from "./test_experiment.ts";
import { USES } from "./test_records.ts";

const profile = await testProfile();
const present = presentOf(profile, undefined, undefined);
const CELLS = cellsOf(PLAIN, { seeds: [1, 2] });

function computationOf(cell: Cell, adapter = "A1"): Computation {
  const score = { dataset: "dolly", metric: "rouge_l", value: cell.seed / 10, count: 1, items: [cell.seed / 10] };
  return {
    result: { scores: [score], curves: [], samples: [] },
    basis: basisOf(makingOf(cell, profile), USES, presentFor(cell, { ...present, adapter })),
    description: {},
    ownMs: 1500,
    peakMemoryBytes: 1,
    peakGpuBytes: 1,
    shared: {},
  };
}

/** A process that keeps cells. */
function keeper(resultsFolder: string, compute: (cell: Cell, watcher: CellWatcher) => Promise<Computation>) {
  const said: string[] = [];
  const place = { resultsFolder, profileName: "p" };
  let opened = 0;
  const options = {
    ...place,
    present,
    otherArguments: ["--profile", "p"],
    stop: new AbortController(),
    say: (message: string) => void said.push(message),
    open(watcher: CellWatcher): Promise<CellComputer> {
      opened++;
      const own = { width: 1, compute: (cell: Cell) => compute(cell, watcher), abandon() {} };
      return Promise.resolve({ ...own, [Symbol.asyncDispose]: () => Promise.resolve() });
    },
  };
  return { place, said, options, opened: () => opened, keep: (cells = CELLS) => keepCells(cells, options) };
}

function reproductionOf(resultsFolder: string, change: Partial<ReproductionOptions> = {}): ReproductionOptions {
  return {
    ...{ resultsFolder, profileName: "p", profile, experiments: [PLAIN], allExperiments: [PLAIN], seeds: [1, 2] },
    ...{ keepsRecorded: false, asksForAdapter: false, anyAdapter: true, force: false, failFast: false },
    ...{ checkpointSeconds: 0, otherArguments: [], stop: new AbortController().signal },
    ...change,
  };
}

testInFolder(
  "of processes that keep the same cells each cell is computed by one, and found by the others",
  async (folder) => {
    const computed: string[] = [];
    const slowly = async (cell: Cell) => {
      computed.push(addressOf(cell));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return computationOf(cell);
    };
    const keepers = Array.from({ length: 3 }, () => keeper(folder, slowly));
    assertEquals(await Promise.all(keepers.map(({ keep }) => keep())), [[], [], []]);
    assertEquals(computed.sort(), ["kd/1", "kd/2", "sft/1", "sft/2"]);
    const [{ place }] = keepers;
    assertEquals((await readKept(place, CELLS[0], present))!.result.scores[0].value, 0.1);
    assertEquals(placesWithKept(place), ["p"]);
    // Whoever comes later opens no device.
    const late = keeper(folder, slowly);
    assertEquals([await late.keep(), late.opened()], [[], 0]);
    assertMatch(late.said[0], /^plain\/sft\/1: is there$/);
  },
);

testInFolder("a cell that fails is told as such, and the others are kept", async (folder) => {
  const { keep, place } = keeper(
    folder,
    (cell) =>
      cell.method.name === "sft"
        ? Promise.reject(new Error(`no luck with ${cell.seed}`))
        : Promise.resolve(computationOf(cell)),
  );
  assertEquals((await keep()).map((error) => (error as Error).message), ["no luck with 1", "no luck with 2"]);
  const failure = await readFailure(place, CELLS[0]);
  assertEquals(failure!.message, "no luck with 1");
  assertMatch(failure!.command, /^\.\/run reproduce plain --methods sft --seeds 1 --profile p$/);
  assert(await readKept(place, CELLS[1], present));
});

testInFolder("who computes a cell says how far it is, and whoever lost it keeps nothing", async (folder) => {
  const { keep, place } = keeper(folder, async (cell, { progress }) => {
    progress(cell, { what: "kd, seed 1", unit: "step", done: 3, all: 9, tokens: 1 });
    const path = `${keptClaimPath(place, cell)}.claim`;
    assertEquals((await seenAt(place, cell))!.record!.command, "plain/sft/1");
    await Deno.rename(`${path}/1`, `${path}/2`);
    return computationOf(cell);
  });
  await assertRejects(() => keep(), StorageError, "another process took this over");
  assertEquals(await readKept(place, CELLS[0], present), undefined);
});

testInFolder(
  "what is kept is recorded once, whatever its adapter; what would come out otherwise is not",
  async (folder) => {
    const of = (cell: Cell) => computationOf(cell, cell.seed === 1 ? "A1" : "A2");
    const { keep, place } = keeper(folder, (cell) => Promise.resolve(of(cell)));
    await keep(CELLS.slice(0, 3));
    // As of other settings.
    const path = keptPath(place, CELLS[1]);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"beta":0.5', '"beta":0.7'));
    const { recorded } = await collectKept(reproductionOf(folder));
    assertEquals(recorded, 2);
    const { provenance } = await readKnown(place, PLAIN);
    const adapters = Object.values(provenance.environments).map(({ adapter }) => adapter);
    assertEquals([Object.keys(provenance.cells).sort(), adapters.sort()], [["sft/1", "sft/2"], ["A1", "A2"]]);
    assertEquals(await readKept(place, CELLS[0], present), undefined);
    assertEquals((await collectKept(reproductionOf(folder))).recorded, 0);
    // Recorded cells are not computed again.
    const { keep: again, opened } = keeper(folder, () => Promise.reject(new Error("it is there")));
    assertEquals([await again([CELLS[0], CELLS[2]]), opened()], [[], 0]);
  },
);

testInFolder("what other code has computed has no commit", async (folder) => {
  const { keep, place } = keeper(folder, (cell) => Promise.resolve(computationOf(cell)));
  await keep(CELLS.slice(0, 1));
  assertEquals((await readKept(place, CELLS[0], present))!.code, undefined);
  const other = await readKept(place, CELLS[0], { ...present, code: "other" });
  assertEquals(other!.code, { commit: "unknown", dirty: "unknown" });
});
