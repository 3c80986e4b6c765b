import { assert, assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { InputError } from "#lib/errors.ts";
import type { Check } from "./check.ts";
import { verifyMetrics } from "./metrics.ts";
import { verifyObjectives } from "./objectives.ts";

const fixtures = new URL("../../../shared/fixtures/", import.meta.url).pathname;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

const namesOf = (checks: readonly Check[], status: Check["status"]) =>
  checks.filter((check) => check.status === status).map(({ name }) => name);

Deno.test({
  name: "the objectives agree with PyTorch's float64, in value and gradient",
  ignore: !exists(`${fixtures}objectives`),
  sanitizeResources: false,
  async fn() {
    const checks = await verifyObjectives(await testGpu(), `${fixtures}objectives`);
    assertEquals(checks.filter(({ status }) => status === "FAIL"), []);
    const ok = namesOf(checks, "ok");
    const built = ["cross_entropy", "forward_kl", "total_variation", "u_off_sampled", "u_off_full", "u_on_sampled"];
    for (const name of [...built, "on-policy advantages", "policy gradient of u_on"]) assert(ok.includes(name), name);
    for (const name of ["cross_entropy", "forward_kl", "total_variation", "u_off_sampled", "u_off_full"]) {
      assert(ok.includes(`gradient of ${name}`), name);
    }
    assert(namesOf(checks, "skipped").every((name) => !built.includes(name)));
  },
});

Deno.test({
  name: "the metrics agree with the recorded ones",
  ignore: !exists(`${fixtures}metrics`),
  async fn() {
    const checks = await verifyMetrics(`${fixtures}metrics`);
    assertEquals(checks.filter(({ status }) => status === "FAIL"), []);
    assertEquals(checks.filter(({ status }) => status === "ok").length, 3);
    assertEquals(namesOf(checks, "skipped"), ["bleu.json"]);
  },
});

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

Deno.test("recorded metrics that agree are ok, in the order of their files' names", async () => {
  const checks = await verifyFiles({
    "rouge_l.jsonl": `${JSON.stringify(rouge)}\n`,
    "porter.tsv": "cats\tcat\nrunning\trun\n",
    "bleu.json": "{}",
  });
  assertEquals(checks.map(({ name, status }) => [name, status]), [
    ["bleu.json", "skipped"],
    ["Porter stems of 2 words", "ok"],
    ["ROUGE-L of 1 texts, stemmed", "ok"],
    ["ROUGE-L of 1 texts, unstemmed", "ok"],
  ]);
});

Deno.test("recorded metrics that differ fail, each by itself", async () => {
  const checks = await verifyFiles({
    "porter.tsv": "cats\tcat\nrunning\trunn\nsky\tsky\n",
    "rouge_l.jsonl": JSON.stringify({ ...rouge, rougeL_stemmed: 1 - 1e-5 }),
  });
  assertEquals(checks.map(({ status }) => status), ["FAIL", "FAIL", "ok"]);
  assertEquals(checks[0].note, "1 differ; running gives run instead of runn");
});

Deno.test("empty files are no agreement, and a line that is no JSON is refused by its number", async () => {
  const checks = await verifyFiles({ "porter.tsv": "\n", "rouge_l.jsonl": "" });
  assertEquals(checks.map(({ status }) => status), ["FAIL", "FAIL", "FAIL"]);
  await assertRejects(
    () => verifyFiles({ "rouge_l.jsonl": `${JSON.stringify(rouge)}\n{\n` }),
    InputError,
    "rouge_l.jsonl:2: not JSON",
  );
});
