import { assertEquals } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { NO_PROVENANCE } from "#lib/results/provenance.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { presentOf } from "./freshness.ts";
import { planExperiments } from "./plan.ts";
import { PLAIN } from "./test_experiment.ts";

const TWIN = { ...PLAIN, name: "twin" };

testInFolder(
  "a plan has the seeds that were asked for, else those of the experiment, else those of the profile",
  async (resultsFolder) => {
    const profile = { ...await testProfile(), seeds: [1, 2], seedsOf: { twin: [2, 3, 4] } };
    const known = new Map([PLAIN, TWIN].map((each) => [each, { provenance: NO_PROVENANCE, areWhole: true }]));
    const seedsFor = async (seeds?: readonly number[]) => {
      const options = { resultsFolder, profileName: "p", force: false, methods: ["kd"], seeds };
      const plans = await planExperiments([PLAIN, TWIN], known, options, presentOf(profile, undefined, "A1"));
      return plans.map(({ cells }) => cells.map(({ cell }) => cell.seed));
    };
    assertEquals(await seedsFor(), [[1, 2], [2, 3, 4]]);
    assertEquals(await seedsFor([5]), [[5], [5]]);
  },
);
