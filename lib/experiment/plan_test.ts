import { assertEquals } from "@std/assert";
import type { Experiment } from "./experiment.ts";
import { loadProfile, type Profile } from "./profile.ts";
import { matchesTask, nameOf, planCells, type ReproduceOptions } from "./reproduce.ts";

const profile = await loadProfile("smoke");
const unused = () => Promise.reject(new Error("a plan runs nothing"));
const report = () => ({ tables: {}, figures: {} });

const tasks: Experiment = {
  name: "tasks",
  source: "Paper, Table 2",
  description: "of three tasks",
  tasks: ["qa/small", "qa/large", "mt/small"],
  unusedSections: ["data"],
  methods: [
    { name: "sft", summary: "", key: (_, task) => `sft ${task}` },
    {
      name: "kd",
      summary: "",
      tasks: ["qa/large", "mt/small"],
      key: ({ kd }, task) => `${JSON.stringify(kd)} ${task}`,
    },
  ],
  open: unused,
  report,
};

async function plan(changes: Partial<ReproduceOptions> = {}, experiment = tasks) {
  const resultsFolder = await Deno.makeTempDir();
  try {
    const options = { profileName: "smoke", profile, seeds: [1, 2], resultsFolder, force: false, ...changes };
    const { missing, configurationHash } = await planCells(experiment, options);
    return { names: missing.map(nameOf), hashes: missing.map(({ methodHash }) => methodHash), configurationHash };
  } finally {
    await Deno.remove(resultsFolder, { recursive: true });
  }
}

Deno.test("cells are method by task by seed, the tasks of a seed one after the other; a method may have few of them", async () => {
  assertEquals(
    (await plan()).names,
    [1, 2].flatMap((seed) => [
      `sft, qa/small, seed ${seed}`,
      `sft, qa/large, seed ${seed}`,
      `kd, qa/large, seed ${seed}`,
      `sft, mt/small, seed ${seed}`,
      `kd, mt/small, seed ${seed}`,
    ]),
  );
});

Deno.test("tasks are asked for by name, or all of a data set by its name alone", async () => {
  assertEquals((await plan({ seeds: [1], tasks: ["qa"] })).names, [
    "sft, qa/small, seed 1",
    "sft, qa/large, seed 1",
    "kd, qa/large, seed 1",
  ]);
  assertEquals((await plan({ seeds: [1], tasks: ["mt/small"], methods: ["kd"] })).names, ["kd, mt/small, seed 1"]);
  assertEquals([matchesTask("q", "qa/small"), matchesTask("qa/small", "qa/small"), matchesTask("qa", undefined)], [
    false,
    true,
    false,
  ]);
});

Deno.test("a section that an experiment does not read changes nothing of it; one that it reads does", async () => {
  const { configurationHash, hashes } = await plan();
  const changed = (changes: Partial<Profile>) => plan({ profile: { ...profile, ...changes } });
  assertEquals((await changed({ data: { ...profile.data, itemsPerSet: 7 } })).configurationHash, configurationHash);
  const other = await changed({ kd: { kdRatio: 0.5, temperature: 1 } });
  assertEquals(other.configurationHash === configurationHash, false);
  assertEquals(other.hashes.map((hash, i) => hash === hashes[i]), [
    true,
    true,
    false,
    true,
    false,
    true,
    true,
    false,
    true,
    false,
  ]);
});
