import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Experiment } from "#lib/bench/experiment.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { cellsOf } from "./cell.ts";
import { readLog } from "./cell_files.ts";
import { LocalComputer } from "./compute_cell.ts";
import { presentOf } from "./freshness.ts";
import { PLAIN } from "./test_experiment.ts";

const profile = await testProfile();
const RESULT: CellResult = { scores: [], curves: [{ step: 1, measure: "loss", value: 2 }], samples: [] };

/** Its first method shares a teacher and reads the data, its second does neither. */
const TALKING: Experiment = {
  ...PLAIN,
  open: (context) =>
    Promise.resolve({
      description: { words: { count: 2 } },
      async cell(method) {
        context.say("training");
        context.progress({ what: method, unit: "step", done: 10, all: 10, tokens: 5, loss: 2 });
        if (method === "sft") {
          const made = { settings: { data: context.profile.data }, numerics: { lib: 1 } };
          const thing = { owner: "llama", what: "teacher" };
          await context.trained(thing, made, () => Promise.resolve(context.dataFolder));
        }
        return RESULT;
      },
    }),
};

testInFolder(
  "a cell is computed with what it says passed on and kept in its log, and with all that it is made of",
  async (resultsFolder) => {
    const place = { resultsFolder, profileName: "p" };
    const heard: string[] = [];
    await using computer = await LocalComputer.open({
      ...{ ...place, checkpointSeconds: 0, otherArguments: [] },
      present: presentOf(profile, undefined, undefined),
      stop: new AbortController().signal,
      watcher: {
        say: ({ method }, message) => heard.push(`${method.name}: ${message}`),
        progress: ({ method }, { unit, done }) => heard.push(`${method.name}: ${unit} ${done}`),
        note: (message) => heard.push(message),
      },
    });
    const [sft, kd] = cellsOf(TALKING, { seeds: [1] });
    const [first, second] = [await computer.compute(sft), await computer.compute(kd)];
    assertEquals(
      heard,
      ["sft", "kd"].flatMap((name) => ["starts", "training", "step 10"].map((what) => `${name}: ${what}`)),
    );
    assertEquals([first.result, first.description], [RESULT, { words: { count: 2 } }]);
    assertEquals([Object.keys(first.shared), Object.keys(second.shared)], [["llama: teacher"], []]);
    const { environment: { adapter }, ...basis } = first.basis;
    assert(adapter !== "unknown" && first.peakMemoryBytes > 0);
    assertEquals([basis.run, basis.settings, basis.numerics, basis.data], [
      "llama: sft, seed 1",
      { ammd: profile.ammd },
      { lib: 1, "method sft": 1 },
      "embedded",
    ]);
    assertEquals(second.basis.data, undefined);
    assertStringIncludes((await readLog(place, sft))!, "sft: step 10 of 10, loss 2.000");
  },
  { opensDevice: true },
);
