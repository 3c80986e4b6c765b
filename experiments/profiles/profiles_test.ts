import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { listProfiles, loadProfile, type Profile } from "#lib/bench/profile.ts";
import { z } from "zod";
import { sectionOf } from "#lib/bench/method_registry.ts";
import { descriptionOf, unwrapped, withOverrides } from "#lib/bench/section.ts";
import { TASK_SPECIFIC } from "#experiments/tasks/task_settings.ts";
import { METHODS } from "#experiments/methods/registry.ts";
import { seedsOf } from "#lib/bench/seeds.ts";
import { schemaOf, schemaOfProfile } from "#lib/bench/profile_schema.ts";
import { EXPERIMENTS } from "#experiments/main.ts";

const PROFILES = new URL("./", import.meta.url);
const SCHEMA = schemaOf(EXPERIMENTS);
const AMMD = sectionOf(METHODS.ammd)!;
const load = (name: string, overrides: readonly string[] = []) => loadProfile(name, SCHEMA, overrides);
/** A profile with the sections of its own experiments alone. */
const loadOwn = async (name: string, overrides: readonly string[] = []) =>
  await loadProfile(name, await schemaOfProfile(name, EXPERIMENTS), overrides);
/** Of models of sizes, and of checkpoints. */
const SIZED = ["quick", "smoke", "tiny"];
const PUBLISHED = ["gpt2", "gpt2_medium", "openllama", "smollm2"];
const ALL = [...SIZED, ...PUBLISHED, "t5"].sort();

/** Loads a profile whose text is that of `smoke`, changed. */
async function loadChanged(change: (text: string) => string, overrides: readonly string[] = []): Promise<Profile> {
  const folder = await Deno.makeTempDir();
  try {
    const smoke = await Deno.readTextFile(new URL("smoke.yaml", PROFILES));
    const changed = change(smoke);
    if (overrides.length === 0) assertNotEquals(changed, smoke);
    await Deno.writeTextFile(`${folder}/mine.yaml`, changed);
    return await loadProfile("mine", SCHEMA, overrides, new URL(`file://${folder}/`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function rejects(promise: Promise<unknown>, message: string): Promise<void> {
  await assertRejects(() => promise, InputError, message);
}

/** The line of the smoke profile that holds a text. */
async function smokeLine(text: string): Promise<number> {
  const lines = (await Deno.readTextFile(new URL("smoke.yaml", PROFILES))).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

Deno.test("every profile is complete, and its first line says what it is", async () => {
  const profiles = await listProfiles();
  assertEquals(profiles.map(({ name }) => name), ALL);
  for (const { name, summary } of profiles) {
    const { seeds, trial } = await loadOwn(name);
    // One run is enough for a first look, and is what the anchors' scripts have.
    assertEquals(seeds.length > (trial === undefined && SIZED.includes(name) ? 1 : 0), true);
    assertEquals(summary.length > 20 && !summary.startsWith("#"), true);
  }
});

Deno.test("in every profile the teacher is larger than the student, and overrides can make it the same", async () => {
  for (const name of SIZED) {
    const { teacher, student } = await load(name);
    const [large, small] = [teacher.model!, student.model!];
    assertEquals(large.hiddenSize * large.numLayers > small.hiddenSize * small.numLayers, true);
    const { hiddenSize, numLayers, numHeads } = large;
    const model = `student.model={hiddenSize: ${hiddenSize}, numLayers: ${numLayers}, numHeads: ${numHeads}}`;
    assertEquals((await load(name, [model])).student.model, teacher.model);
  }
});

Deno.test("a profile of published models names checkpoints, and the five sets of the hub", async () => {
  for (const name of PUBLISHED) {
    const { teacher, student, data, experiments } = await loadOwn(name);
    assertEquals([teacher.model, student.model, experiments?.length], [undefined, undefined, 1]);
    assertMatch(`${teacher.checkpoint} ${student.checkpoint}`, /^[\w-]+\/\S+ [\w-]+\/\S+$/);
    assertEquals(Object.keys(data.files!.evaluation), ["dolly", "self_instruct", "vicuna", "sni", "unni"]);
  }
});

Deno.test("the profile of T5 has checkpoints of three sizes for each task, mT5 for translation", async () => {
  const { checkpoints, sizes, ...settings } = TASK_SPECIFIC.of(await loadOwn("t5"));
  assertEquals([sizes, checkpoints?.small], [undefined, "google/t5-v1_1-small"]);
  assertEquals([settings.iwslt.checkpoints?.large, settings.iwslt.teacher.checkpoint], [
    "google/mt5-large",
    "google/mt5-xl",
  ]);
  await rejects(
    loadOwn("t5", [
      "taskSpecific.samsum.teacher={model: {hiddenSize: 4, numLayers: 1, numHeads: 1}, training: {steps: 1, learningRate: 1, warmupSteps: 0}, seed: 1}",
    ]),
    "must be a checkpoint where students are",
  );
  const small = "{hiddenSize: 4, numLayers: 1, numHeads: 1}";
  await rejects(
    loadOwn("t5", [`taskSpecific.sizes={small: ${small}, base: ${small}, large: ${small}}`]),
    "must stand where `checkpoints` do not, of samsum one of the two",
  );
  await rejects(loadOwn("gpt2", ["teacher.training.steps=2"]), "with `form` its matrices cannot learn");
});

Deno.test("a model has sizes or a checkpoint, not both and not neither", async () => {
  const both = "must have one of `model` (sizes) and `checkpoint`";
  await rejects(load("smoke", ["teacher.checkpoint=org/name"]), both);
  await rejects(load("smoke", ["student={training: {steps: 1, learningRate: 1, warmupSteps: 0}}"]), both);
  await rejects(loadOwn("gpt2", ["teacher.model={hiddenSize: 4, numLayers: 1, numHeads: 1}"]), both);
  await rejects(loadOwn("gpt2", ["data.files.train=raw.jsonl"]), "expected a JSON Lines file of a data set");
  await rejects(loadOwn("gpt2", ["taskSpecific.beams=2"]), 'unknown key "taskSpecific"');
  assertEquals((await loadOwn("gpt2", ["teacher.checkpoint=./mine"])).teacher.checkpoint, "./mine");
});

Deno.test("every setting of every section is described", () => {
  const undescribed = (schema: z.ZodType, path: readonly string[]): string[] => {
    const inner = unwrapped(schema);
    return inner instanceof z.ZodObject
      ? Object.entries(inner.shape).flatMap(([key, setting]) => undescribed(setting, [...path, key]))
      : descriptionOf(schema)
      ? []
      : [path.join(".")];
  };
  assertEquals(undescribed(SCHEMA, []), []);
});

Deno.test("an unknown profile is answered with the likeliest and the list", () =>
  rejects(load("tinny"), 'unknown profile "tinny"; did you mean "tiny"? known are gpt2, gpt2_medium,'));

Deno.test("broken YAML is answered with file, line and column", async () => {
  const line = await smokeLine("betas:");
  const broken = loadChanged((text) => text.replace("betas: [0.9, 0.98]", "betas: [0.9 0.98"));
  await rejects(broken, `/mine.yaml: broken YAML at line ${line + 1}, column`);
  await rejects(loadChanged((text) => `${text}seeds: [1]\n`), "duplicated key");
  await rejects(loadChanged(() => "- 1\n"), "must hold settings");
});

Deno.test("an unknown key is answered with its line and the likeliest key", async () => {
  const line = await smokeLine("teacherTexts:");
  await rejects(
    loadChanged((text) => text.replace("teacherTexts:", "teacherText:")),
    `mine.yaml:${line}: unknown key "distillation.teacherText"; did you mean "teacherTexts"?`,
  );
  // What stands in the line of its section has that line.
  const section = await smokeLine("ammd:");
  await rejects(
    loadChanged((text) => text.replace("criticWarmupSteps", "criticWarmupStep")),
    `mine.yaml:${section}: unknown key "ammd.criticWarmupStep"; did you mean "criticWarmupSteps"?`,
  );
  await rejects(load("smoke", ["taskSpecific.amd.beta=1"]), 'unknown key "taskSpecific.amd"; did you mean "ammd"?');
  await rejects(
    load("smoke", ["taskSpecific.ammd.bta=1"]),
    'unknown key "taskSpecific.ammd.bta"; did you mean "beta"?',
  );
});

Deno.test("a missing key is answered with the line of its section", async () => {
  const line = await smokeLine("evaluation:");
  const without = loadChanged((text) => text.replace(/^ {2}topP:.*\n/m, ""));
  await rejects(without, `mine.yaml:${line}: evaluation.topP is missing; expected number`);
});

Deno.test("a value of the wrong type or out of range is answered with its line and what is right", async () => {
  const line = await smokeLine("topP: 1");
  await rejects(
    loadChanged((text) => text.replace("topP: 1", "topP: 1.5")),
    `mine.yaml:${line}: evaluation.topP is 1.5`,
  );
  await rejects(
    loadChanged((text) => text.replace("ammd: {", "ammd: { head: liner,")),
    'ammd.head is "liner"; expected one of "linear" or "mlp"',
  );
  await rejects(loadChanged((text) => text.replace("steps: 10", "steps: ten")), 'is "ten"; expected number');
  await rejects(loadChanged((text) => text.replace("numHeads: 4", "numHeads: 5")), "multiple of 4 × numHeads");
  await rejects(loadChanged((text) => text.replace("[10, 20]", "[10, -1]")), "seeds.1 is -1");
});

Deno.test("an override takes the place of a setting and is read as YAML", async () => {
  const profile = await load("smoke", ["ammd.beta=0.25", "seeds=[7]", "ammd.features=teacher"]);
  const { beta, features } = AMMD.of(profile);
  assertEquals([beta, profile.seeds, features], [0.25, [7], "teacher"]);
  assertEquals(profile.teacher, (await load("smoke")).teacher);
});

Deno.test("an experiment has the seeds of all, or its own where the profile names it", async () => {
  const [table, other] = [{ name: "instruction_following" }, { name: "distances" }];
  const tiny = await load("tiny");
  assertEquals([table, other].map((each) => seedsOf(each, tiny)), [[10, 20, 30, 40, 50], [10, 20, 30]]);
  const changed = await load("smoke", ["seeds=[7]", "seedsOf.distances=[8, 9]"]);
  assertEquals([table, other].map((each) => seedsOf(each, changed)), [[7], [8, 9]]);
  await rejects(
    loadChanged((text) => `${text}seedsOf:\n  distnces: [1]\n`),
    'unknown key "seedsOf.distnces"; did you mean "distances"?',
  );
  await rejects(load("smoke", ["seedsOf.distances=[1, 1]"]), "seedsOf.distances is [1,1]; a seed occurs twice");
});

Deno.test("two overrides of one setting are refused, a closer one after its section is not", async () => {
  const lost = "the second overrides the first";
  await rejects(load("smoke", ["ammd.beta=0.5", "seeds=[7]", "ammd.beta=1"]), `--set ammd.beta=1: ${lost}`);
  await rejects(load("smoke", ["ammd.beta=1", "ammd.beta=1"]), lost);
  const model = "student.model={hiddenSize: 32, numLayers: 1, numHeads: 2}";
  await rejects(load("smoke", ["student.model.numLayers=3", model]), `--set ${model}: ${lost}`);
  assertEquals((await load("smoke", [model, "student.model.numLayers=3"])).student.model!.numLayers, 3);
  await rejects(load("smoke", ["student.model={numLayers: 1, numLayers: 2}"]), "a key occurs twice in the value");
});

Deno.test("a profile that is not UTF-8 is answered with file and line", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeFile(`${folder}/mine.yaml`, Uint8Array.of(0x23, 0x0a, 0x23, 0xe4, 0x0a));
  const loading = loadProfile("mine", SCHEMA, [], new URL(`file://${folder}/`));
  await rejects(loading, "/mine.yaml, line 2, byte 2: 0xe4 is not UTF-8");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a wrong override is answered by its own text, with the checks of the file", async () => {
  await rejects(load("smoke", ["ammd.bta=1"]), '--set ammd.bta=1: unknown key "ammd.bta"; did you mean "beta"?');
  await rejects(load("smoke", ["amd.beta=1"]), 'unknown key "amd"; did you mean "ammd"?');
  await rejects(load("smoke", ["ammd.beta=2"]), "--set ammd.beta=2: ammd.beta is 2; expected number to be <=1");
  await rejects(load("smoke", ["ammd.beta"]), "write KEY=VALUE");
  await rejects(load("smoke", ["seeds=[1"]), "the value is not YAML");
  await rejects(load("smoke", ["seeds.x=1"]), "seeds is");
});

Deno.test("what is wrong beside another section is answered by the method or experiment that knows it", async () => {
  const batch = "a step draws 8 texts (distillation.textsPerStep) from the buffer";
  await rejects(load("smoke", ["imitkd.capacity=4"]), `--set imitkd.capacity=4: imitkd.capacity is 4; ${batch}`);
  await rejects(load("smoke", ["distillm.capacity=7"]), `distillm.capacity is 7; ${batch}`);
  await rejects(
    load("smoke", ["taskSpecific.imitkd.capacity=7"]),
    `--set taskSpecific.imitkd.capacity=7: taskSpecific.imitkd.capacity is 7; ${batch}`,
  );
  await rejects(
    load("smoke", ["imitationGap.horizon=9"]),
    "imitationGap.horizon is 9; there may be at most 4096 texts",
  );
  await rejects(
    load("smoke", ["ammd.horizon=rewardToGo"]),
    'ammd.horizon is "rewardToGo"; must be immediate where critic is ratio',
  );
  await rejects(
    load("smoke", ["distillation.textsPerStep=2"]),
    "ammd.beta: texts of 3 sources are read at each step, which has 2 (distillation.textsPerStep)",
  );
});

Deno.test("a setting that no profile names has the default of its method, for a task too", async () => {
  assertEquals(AMMD.of(await load("tiny")), {
    ...{ beta: 0.5, criticSteps: 1, criticWarmupSteps: 30, criticLearningRateFactor: 40, gamma: 1, sftWeight: 0.5 },
    ...{ features: "both", head: "linear", bound: "tanh", moments: "full", horizon: "immediate", baseline: "none" },
    ...{ offPolicySource: "teacher", critic: "ratio", ratio: { c: 0.5, learned: false } },
  });
  const tiny = await load("tiny", ["ammd.beta=1"]);
  const { criticWarmupSteps, criticLearningRateFactor, beta } = AMMD.of(withOverrides(tiny, TASK_SPECIFIC));
  assertEquals([criticWarmupSteps, criticLearningRateFactor, beta], [20, 10, 1]);
});

Deno.test("an override cannot reach outside the settings", async () => {
  await rejects(load("smoke", ["ammd.__proto__.polluted=1"]), "unknown key");
  assertEquals("polluted" in {}, false);
});
