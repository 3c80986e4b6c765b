import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { checkDistinct, makingOf, registerMethods, runMethod, sectionOf } from "#lib/bench/method_registry.ts";
import { variantOf, withRecipe, withSection } from "#lib/bench/method.ts";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import type { Workbench } from "#lib/bench/workbench.ts";
import { distillationOf } from "#lib/bench/recipe.ts";
import { shareTexts } from "#lib/bench/student_texts.ts";
import { loadProfile, type Profile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { type SeriesStyle, stylesOf } from "#lib/reporting/figures/series_style.ts";
import { displayOf } from "#lib/bench/display.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { ammd, ammdOn } from "./ammd.ts";
import { gkd } from "./gkd.ts";
import { kd } from "./kd.ts";
import { METHODS, PREFERENCE_METHODS } from "./registry.ts";

const SCHEMA = schemaOf(EXPERIMENTS);
const load = (...overrides: string[]) => loadProfile("smoke", SCHEMA, overrides);
const TASK = { name: "llama", numerics: {}, settings: {} };
const smoke = await load();

/** The cells of every experiment, as `experiment/method/task`, by what they are made of. */
function makings(profile: Profile): Map<string, string> {
  return new Map(
    EXPERIMENTS.flatMap(({ name, methods, tasks = [undefined] }) =>
      tasks.flatMap((task) =>
        methods.map((method) =>
          [[name, method.name, task].join("/"), JSON.stringify(method.making(profile, task))] as const
        )
      )
    ),
  );
}

/** The rows that settings touch, in every experiment. */
async function touched(...overrides: string[]): Promise<string[]> {
  const [before, after] = [makings(smoke), makings(await load(...overrides))];
  return [...before].filter(([cell, making]) => after.get(cell) !== making).map(([cell]) => cell);
}

Deno.test("every method says what it computes, and where it comes from unless it is a baseline", () => {
  for (const [name, { equation, source, summary, numerics }] of Object.entries({ ...METHODS, ...PREFERENCE_METHODS })) {
    assert(equation.length > 10 && summary.length > 10 && numerics >= 1, name);
    const isBaseline = ["teacher", "sft", "sft_continued"].includes(name);
    assertEquals(source === undefined, isBaseline, name);
    if (source) assert(/^https:\/\//.test(source.url) && source.title.length > 10 && source.year > 1900, name);
  }
});

Deno.test("a copy of a method is another method: its name, runs and section are the registry's", async () => {
  const copy = { ...gkd, label: "GKD 2" };
  const methods = registerMethods({ gkd, gkd2: copy });
  const runs = Object.values(methods).map((method) => makingOf(method, smoke, TASK).run);
  assertEquals(runs, ["llama: gkd", "llama: gkd2"]);
  assertEquals(await touched("gkd.weight=0.25"), [
    ...["instruction_following/gkd/", "few_records/gkd/", "gpt2_instruction_following/gkd/"],
    ...["8", "16", "32"].map((texts) => `texts_per_step/gkd_texts_${texts}/`),
    ...["5e-4", "1e-3", "2e-3", "4e-3"].map((rate) => `learning_rates/gkd_at_${rate}/`),
    ...["samsum", "iwslt", "strategyqa"].flatMap((set) =>
      ["small", "base", "large"].map((size) => `task_specific/gkd/${set}/${size}`)
    ),
    ...["preference_white_box/gkd/", "preference_tasks/gkd/samsum/base"],
  ]);
});

Deno.test("entries that are one method, or look like one, or are variants of none are refused with both names", () => {
  const refuses = (methods: Parameters<typeof registerMethods>[0], message: string) =>
    assertThrows(() => registerMethods(methods), RangeError, message);
  refuses({ gkd, gkd2: gkd }, "Cannot register gkd2 beside gkd: both are one method with the same settings");
  const same = variantOf(ammd, { beta: 0 }, { summary: "", label: "Another" });
  refuses({ ammd, ammd_on: ammdOn, other: same }, "Cannot register other beside ammd_on");
  refuses({ gkd, kd: { ...kd, label: "GKD" } }, "Cannot register kd beside gkd: both have the same label");
  refuses({ ammd_on: ammdOn }, "Cannot register ammd_on: the method that it is a variant of is not registered");
  refuses({ "ammd on": gkd }, 'Cannot register "ammd on"');
});

Deno.test("rows of one run have one making, whichever table they are in, and other rows another", () => {
  for (const profile of [smoke]) {
    const byRun = Map.groupBy(makings(profile).values(), (making) => JSON.parse(making).run as string);
    for (const [run, all] of byRun) assertEquals(new Set(all).size, 1, run);
    const ofTable = EXPERIMENTS[0].methods.map((method) => method.making(profile).run);
    assertEquals(new Set(ofTable).size, ofTable.length);
  }
  const run = (experiment: string, method: string) =>
    EXPERIMENTS.find(({ name }) => name === experiment)!.methods.find(({ name }) => name === method)!.making(smoke).run;
  assertEquals(run("combination_factor", "beta_0.5"), run("instruction_following", "ammd"));
  assertEquals(run("combination_factor", "beta_1"), run("instruction_following", "ammd_off"));
  assertEquals(run("instruction_following", "ammd"), "llama: ammd");
  assertEquals(run("instruction_following", "ammd_on"), 'llama: ammd {"beta":0}');
  assertEquals(run("instruction_following", "ammd_learned"), 'llama: ammd {"critic":"learned"}');
  assertEquals(run("ablations", "inner_steps_2"), 'llama: ammd {"criticSteps":2,"critic":"learned"}');
  assertEquals(run("texts_per_step", "gkd_texts_8"), 'llama: gkd {"distillation":{"textsPerStep":8}}');
  assertEquals(run("texts_per_step", "gkd_texts_16"), 'llama: gkd {"distillation":{"textsPerStep":16}}');
  assertEquals(run("preference_white_box", "ammd"), run("instruction_following", "ammd"));
  assertEquals(run("preference_black_box", "reward_mle"), 'llama: pbkd_offline {"slackPerPair":0}');
  assertEquals(run("preference_black_box", "pbkd_online"), 'llama: pbkd_offline {"online":true}');
  assertEquals(run("preference_white_box", "mm_pbkd_online"), 'llama: mm_pbkd_offline {"online":true}');
  assertEquals(run("confidence_set", "pbkd_slack_0"), run("preference_black_box", "reward_mle"));
  assertEquals(run("confidence_set", "pbkd_slack_0.05"), run("preference_black_box", "pbkd_offline"));
  assertEquals(run("preference_oracles", "dpo_metric"), "llama: dpo");
  assertEquals(run("preference_oracles", "dpo_teacher_wins"), 'llama: dpo {"preferences":{"oracle":"teacherWins"}}');
  assertEquals(
    run("online_iterations", "pbkd_online_6"),
    'llama: pbkd_offline {"online":true,"preferences":{"rounds":6}}',
  );
  assertNotEquals(run("few_records", "ammd"), run("instruction_following", "ammd"));
  assertEquals(run("few_records", "teacher"), run("instruction_following", "teacher"));
  assertNotEquals(run("gpt2_instruction_following", "ammd"), run("instruction_following", "ammd"));
});

Deno.test("a setting touches the rows that have it, and no others", async () => {
  const methodsOf = (cells: readonly string[], experiment: string) =>
    cells.filter((cell) => cell.startsWith(`${experiment}/`)).map((cell) => cell.split("/")[1]);
  const features = await touched("ammd.features=teacher");
  assertEquals(methodsOf(features, "instruction_following"), ["ammd_learned"]);
  const scale = await touched("ammd.ratio.c=2");
  assertEquals(methodsOf(scale, "instruction_following"), ["ammd_off", "ammd_on", "ammd", "ammd_sft"]);
  assertEquals(methodsOf(scale, "distances"), ["ammd", "ammd_sft"]);
  assert(!methodsOf(features, "ablations").includes("features_student"));
  assertEquals(methodsOf(await touched("ammd.sftWeight=0.1"), "instruction_following"), ["ammd_sft"]);
  assertEquals(methodsOf(await touched("ammd.beta=0.25"), "instruction_following"), [
    ...["ammd", "ammd_sft", "ammd_learned"],
  ]);
  // The ruler is of every student, and of no training.
  const ruler = methodsOf(await touched("evaluation.critic.features=teacher"), "instruction_following");
  assertEquals(ruler.length, Object.keys(METHODS).length);
  assertEquals(
    methodsOf(await touched("student.training.steps=11"), "instruction_following").includes("teacher"),
    false,
  );
  const distillation = methodsOf(await touched("distillation.steps=11"), "instruction_following");
  assertEquals(distillation.length, Object.keys(METHODS).length - 2);
  assertEquals(await touched("imitationGap.criticSteps=7"), [
    ...["0", "0.125", "0.25", "0.5", "1", "2"].map((distance) => `imitation_gap/distance_${distance}/`),
  ]);
  const ofStudents = Object.keys(METHODS).filter((name) => name !== "teacher").map((name) => `few_records/${name}/`);
  assertEquals(await touched("fewRecords.records=39"), ofStudents);
  // Whoever learns from pairs reads where they come from, and nobody else does.
  const ofPairs = ["dpo", "plad", "plad_margin", "reward_mle", "pbkd_offline", "pbkd_online"];
  const withCritics = ["mm_pbkd_offline", "mm_pbkd_online"];
  const pairs = await touched("preferences.pairs=25");
  assertEquals(methodsOf(pairs, "preference_black_box"), ofPairs);
  assertEquals(methodsOf(pairs, "preference_white_box"), withCritics);
  assertEquals(methodsOf(pairs, "preference_tasks"), [...ofPairs, ...withCritics]);
  assertEquals(methodsOf(pairs, "instruction_following"), []);
  // The fit alone makes the reward of slack 0.
  const rate = await touched("pbkd_offline.multiplierRate=3");
  assertEquals(methodsOf(rate, "preference_black_box"), ofPairs.slice(ofPairs.indexOf("pbkd_offline")));
  const slack = await touched("pbkd_offline.slackPerPair=0.1");
  assertEquals(methodsOf(slack, "preference_black_box"), ofPairs.slice(ofPairs.indexOf("pbkd_offline")));
  assertEquals(methodsOf(slack, "confidence_set"), ["pbkd_slack_0.05", "pbkd_last_token"]);
  // What a row has otherwise than the profile goes before it.
  const noise = methodsOf(await touched("preferences.temperature=0.5"), "preference_oracles");
  assert(noise.includes("dpo_metric") && !noise.includes("dpo_noisy_metric"), noise.join());
  assertEquals(await touched("judge.parallel=1", "seeds=[3]", "seedsOf.distances=[4]"), []);
});

Deno.test("the recipe of a row is its own, and no row of a model that is not trained on from SFT can have one", () => {
  const slow = withRecipe(METHODS.kd, { learningRate: 1e-5 }, { summary: "", label: "KD, slow" });
  const { settings, run } = makingOf(slow, smoke, TASK);
  assertEquals(settings.distillation, { ...smoke.distillation, learningRate: 1e-5 });
  assertEquals(run, 'llama: kd {"distillation":{"learningRate":0.00001}}');
  checkDistinct({ kd: METHODS.kd, slow });
  assertThrows(() => checkDistinct({ slow, twin: { ...slow, label: "KD 2" } }), RangeError, "both are one method");
  const looks = { summary: "", label: "SFT, slow" };
  assertThrows(() => withRecipe(METHODS.sft, { steps: 3 }, looks), RangeError, "Cannot change the recipe of SFT");
});

Deno.test("a row with pairs of its own is what it is where the profile has such pairs, and another row elsewhere", async () => {
  const looks = { summary: "", label: "DPO, 3 rounds" };
  const { dpo } = PREFERENCE_METHODS;
  const three = withSection(dpo, PREFERENCES, { rounds: 3 }, looks);
  assertEquals(makingOf(three, await load("preferences.rounds=3"), TASK).run, "llama: dpo");
  const { run, settings } = makingOf(three, smoke, TASK);
  assertEquals(run, 'llama: dpo {"preferences":{"rounds":3}}');
  assertEquals((settings.preferences as { rounds: number }).rounds, 3);
  checkDistinct({ dpo, three });
  assertThrows(() => checkDistinct({ three, twin: { ...three, label: "DPO 2" } }), RangeError, "both are one method");
  assertThrows(
    () => withSection(METHODS.kd, PREFERENCES, { rounds: 3 }, looks),
    RangeError,
    "Cannot change the section preferences of KD: it does not read it",
  );
  const wrong = withSection(three, PREFERENCES, { oracle: "teacherWins", against: "itself" }, looks);
  await assertRejects(
    () => runMethod(wrong, { profile: smoke } as Workbench, { name: "three", seed: 10 }),
    InputError,
    "DPO, 3 rounds: preferences.against must be teacher where oracle is teacherWins",
  );
});

Deno.test("the texts of a step are shared out evenly over the sources that are read", () => {
  const share = (textsPerStep: number, off: boolean, on: boolean, data: boolean) =>
    Object.values(shareTexts({ distillation: { ...distillationOf(smoke), textsPerStep } }, { off, on, data }));
  assertEquals(share(16, true, true, false), [8, 8, 0]);
  assertEquals(share(16, true, true, true), [6, 5, 5]);
  assertEquals(share(16, false, true, false), [0, 16, 0]);
  assertEquals(share(5, true, false, true), [3, 0, 2]);
  assertThrows(
    () => share(2, true, true, true),
    RangeError,
    "Cannot share 2 texts a step over 3 sources: off, on, data",
  );
});

Deno.test("methods look different from each other, in black and white too", () => {
  assertLookDifferent(METHODS, "instruction_following");
  for (const name of ["preference_black_box", "preference_white_box"]) {
    const { methods } = EXPERIMENTS.find((experiment) => experiment.name === name)!;
    assertLookDifferent(Object.fromEntries(methods.map((method) => [method.name, method])), name);
  }
});

function assertLookDifferent(methods: Readonly<Record<string, { readonly style?: SeriesStyle }>>, table: string): void {
  const names = Object.keys(methods);
  const styles = stylesOf(names, displayOf(EXPERIMENTS.filter(({ name }) => name === table)));
  assertEquals(styles, Object.values(methods).map(({ style }) => style!));
  const distinct = (key: (style: SeriesStyle) => unknown) =>
    assertEquals(new Set(styles.map((style) => JSON.stringify(key(style)))).size, names.length, table);
  distinct(({ color, dash }) => [color, dash]);
  distinct(({ color, shape, filled }) => [color, shape, filled]);
  distinct(({ dash, shape, filled }) => [dash, shape, filled]);
}

Deno.test("a row is checked with what it fixes, not with what the profile says for another row of its method", () => {
  const profile = { ...smoke, distillation: { ...smoke.distillation, textsPerStep: 2 } };
  const issuesOf = (name: "ammd" | "ammd_sft") => {
    const section = sectionOf(METHODS[name])!;
    return section.check!(section.of(profile), profile).map(({ path, message }) => `${path} ${message}`);
  };
  assertEquals(issuesOf("ammd"), []);
  assertEquals(issuesOf("ammd_sft"), [
    "beta texts of 3 sources are read at each step, which has 2 (distillation.textsPerStep)",
  ]);
});

Deno.test("a method has a rate of its own, its variants with it, unless a row has another", async () => {
  const profile = await load("pbkd_offline.learningRate=0.125", "dpo.learningRate=0.25");
  const rateOf = (experiment: string, row: string) => {
    const { methods } = EXPERIMENTS.find(({ name }) => name === experiment)!;
    const { settings } = methods.find(({ name }) => name === row)!.making(profile);
    return (settings.distillation as { readonly learningRate: number }).learningRate;
  };
  for (const row of ["reward_mle", "pbkd_offline", "pbkd_online"]) {
    assertEquals(rateOf("preference_black_box", row), 0.125, row);
  }
  assertEquals(rateOf("preference_black_box", "dpo"), 0.25);
  for (const row of ["mm_pbkd_online", "kd", "dpkd"]) {
    assertEquals(rateOf("preference_white_box", row), profile.distillation.learningRate, row);
  }
  assertEquals(rateOf("preference_rates", "dpo_at_5e-5"), 5e-5);
  // A scan is what it was when the profile takes the rate that it found.
  assertEquals((await touched("dpo.learningRate=0.25")).filter((cell) => cell.startsWith("preference_rates/")), []);
});
