import { assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { InputError } from "#lib/errors.ts";
import { testBeside } from "#lib/test_beside.ts";
import type { Check } from "./check.ts";
import { verifyMetrics } from "./metrics.ts";
import { verifyObjectives } from "./objectives.ts";
import { verifyPreference } from "./preference.ts";

const fixtures = new URL("./fixtures/", import.meta.url).pathname;

const namesOf = (checks: readonly Check[], status: Check["status"]) =>
  checks.filter((check) => check.status === status).map(({ name }) => name);

async function checkAllObjectives(folder: string): Promise<void> {
  const checks = await verifyObjectives(await testGpu(), folder);
  assertEquals(checks.filter(({ status }) => status !== "ok"), []);
  const distances = ["forward_kl", "reverse_kl", "jensen_shannon_0.5", "jensen_shannon_0.1", "total_variation"];
  distances.push("skew_forward_kl_0.1", "skew_reverse_kl_0.1", "alpha_beta_0.2_0.7");
  const withGradient = ["cross_entropy", ...distances, "u_off_sampled", "u_off_full"];
  assertEquals(namesOf(checks, "ok"), [
    ...withGradient.flatMap((name) => [name, `gradient of ${name}`]),
    "u_on_sampled",
    "on-policy advantages",
    "policy gradient of u_on",
  ]);
}

Deno.test({
  name: "every recorded objective agrees with PyTorch's float64, in value and gradient",
  sanitizeResources: false,
  fn: () => checkAllObjectives(`${fixtures}objectives`),
});

testBeside("fixtures/objectives", "so does every objective of another recording", checkAllObjectives);

Deno.test({
  name: "recorded objectives that differ fail, as do names that no objective has",
  sanitizeResources: false,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.copyFile(`${fixtures}objectives/golden.safetensors`, `${folder}/golden.safetensors`);
      const golden = { forward_kl: 2.8868, jensen_shannon: 0.4, alpha_beta_1: 1, made_up: 0, gamma: 0.9 };
      await Deno.writeTextFile(`${folder}/golden.json`, JSON.stringify(golden));
      const checks = await verifyObjectives(await testGpu(), folder);
      assertEquals(namesOf(checks, "FAIL"), ["forward_kl", "jensen_shannon", "alpha_beta_1", "made_up"]);
      assertEquals(checks.find(({ name }) => name === "made_up")?.note, "no objective has this name");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

testBeside("fixtures/preference", "so does every recorded value of preferences", async (folder) => {
  const checks = await verifyPreference(await testGpu(), folder);
  assertEquals(checks.filter(({ status }) => status !== "ok"), []);
  // 18 losses and gaps with their gradients, 17 of what they are made of, 3 of the multiplier and 2 x 10 of the enumerated problem.
  assertEquals(checks.length, 2 * 18 + 17 + 3 + 20);
});

testBeside("fixtures/preference", "recorded values of preferences that differ fail, each by name", async (folder) => {
  const golden = JSON.parse(await Deno.readTextFile(`${folder}/golden.json`));
  golden.values["bt.loss"] += 1e-3;
  golden.values["plad.ranking_active"][0] = !golden.values["plad.ranking_active"][0];
  golden.values.multiplier.steps[2].multiplier += 1e-3;
  golden.values.made_up = 1;
  golden.mdp.b_teacher.paths[5].return += 1e-9;
  const altered = await Deno.makeTempDir();
  try {
    await Deno.copyFile(`${folder}/golden.safetensors`, `${altered}/golden.safetensors`);
    await Deno.writeTextFile(`${altered}/golden.json`, JSON.stringify(golden));
    const checks = await verifyPreference(await testGpu(), altered);
    const differing = ["bt.loss", "plad.ranking_active", "multiplier", "made_up", "b_teacher: returns of paths"];
    assertEquals(namesOf(checks, "FAIL"), differing);
    assertEquals(checks.find(({ name }) => name === "made_up")?.note, "no objective of preferences has this name");
  } finally {
    await Deno.remove(altered, { recursive: true });
  }
});

async function checkAllMetrics(folder: string): Promise<void> {
  const checks = await verifyMetrics(folder);
  assertEquals(checks.filter(({ status }) => status === "FAIL"), []);
  assertEquals(checks.filter(({ status }) => status === "ok").length, 6);
  assertEquals(namesOf(checks, "skipped"), []);
}

Deno.test("the metrics agree with the recorded ones", () => checkAllMetrics(`${fixtures}metrics`));
testBeside("fixtures/metrics", "so do the metrics of another recording", checkAllMetrics);

/** Verifies a folder with these files. */
async function verifyFiles(files: Readonly<Record<string, string>>): Promise<Check[]> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    return await verifyMetrics(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const rouge = { prediction: "the cats sat", references: ["the cat sat"], rougeL_stemmed: 1, rougeL_unstemmed: 2 / 3 };

// Precisions 1, 1, 1, 1; brevity penalty exp(1 - 6 / 5).
const bleu = {
  hypotheses: ["the cat sat on it"],
  references: ["the cat sat on it ."],
  bleu: 100 * Math.exp(-0.2),
  precisions: [100, 100, 100, 100],
  brevity_penalty: Math.exp(-0.2),
};

Deno.test("recorded metrics that agree are ok, in the order of their files' names", async () => {
  const checks = await verifyFiles({
    "rouge_l.jsonl": `${JSON.stringify(rouge)}\n`,
    "porter.tsv": "cats\tcat\nrunning\trun\n",
    "bleu.json": JSON.stringify([bleu]),
    "meteor.json": "{}",
  });
  assertEquals(checks.map(({ name, status }) => [name, status]), [
    ["BLEU of 1 corpora", "ok"],
    ["n-gram precisions of 1 corpora", "ok"],
    ["brevity penalties of 1 corpora", "ok"],
    ["meteor.json", "skipped"],
    ["Porter stems of 2 words", "ok"],
    ["ROUGE-L of 1 texts, stemmed", "ok"],
    ["ROUGE-L of 1 texts, unstemmed", "ok"],
  ]);
});

Deno.test("recorded metrics that differ fail, each by itself", async () => {
  const checks = await verifyFiles({
    "porter.tsv": "cats\tcat\nrunning\trunn\nsky\tsky\n",
    "rouge_l.jsonl": JSON.stringify({ ...rouge, rougeL_stemmed: 1 - 1e-5 }),
    "bleu.json": JSON.stringify([{ ...bleu, bleu: bleu.bleu + 1e-5, brevity_penalty: 1 }]),
  });
  assertEquals(checks.map(({ status }) => status), ["FAIL", "ok", "FAIL", "FAIL", "FAIL", "ok"]);
  assertEquals(checks[3].note, "1 differ; running gives run instead of runn");
});

Deno.test("empty files are no agreement, and a line that is no JSON is refused by its number", async () => {
  const checks = await verifyFiles({ "porter.tsv": "\n", "rouge_l.jsonl": "", "bleu.json": "[]" });
  assertEquals(checks.map(({ status }) => status), ["FAIL", "FAIL", "FAIL", "FAIL", "FAIL", "FAIL"]);
  await assertRejects(() => verifyFiles({ "bleu.json": "{" }), InputError, "bleu.json: not JSON");
  await assertRejects(
    () => verifyFiles({ "rouge_l.jsonl": `${JSON.stringify(rouge)}\n{\n` }),
    InputError,
    "rouge_l.jsonl:2: not JSON",
  );
});
