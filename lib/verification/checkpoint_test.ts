import { assert, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testBeside } from "#lib/test_beside.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { type Check, TOLERANCE } from "./check.ts";
import { verifyCheckpoint } from "./checkpoint.ts";
import { copyFixture, FIXTURES, rewriteTensors } from "./test_golden.ts";

const gpu = await testGpu();

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });

const failures = (checks: readonly Check[]) => checks.filter(({ status }) => status === "FAIL");
const namesOf = (checks: readonly Check[], status: Check["status"]) =>
  checks.filter((check) => check.status === status).map(({ name }) => name);

/** Runs with a copy of a folder of fixtures/, changed before. */
async function withCopy(family: string, change: (folder: string) => Promise<void>): Promise<Check[]> {
  const folder = await Deno.makeTempDir();
  try {
    await copyFixture(family, folder);
    await change(folder);
    return await verifyCheckpoint(gpu, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Folders, and the checks there are of each. */
const RECORDED = {
  gpt2: 6 + 2 * 28,
  llama: 6 + 2 * 21,
  t5: 6 + 2 * 47,
  "t5-v1_1": 6 + 2 * 51,
};

/** Further folders beside the repository. */
const FURTHER = {
  mt5: 6 + 2 * 51,
  opt: 6 + 2 * 36,
  "opt-350m": 6 + 2 * 36,
  qwen2: 6 + 2 * 26,
  llama3: 6 + 2 * 21,
  "llama3-tied": 6 + 2 * 20,
  mistral: 6 + 2 * 21,
  smollm2: 6 + 2 * 20,
  qwen3: 6 + 2 * 24,
  gemma3_text: 6 + 2 * 28,
};

async function checkEverything(folder: string, count: number): Promise<void> {
  const checks = await verifyCheckpoint(gpu, folder);
  assertEquals(failures(checks), []);
  assertEquals(namesOf(checks, "skipped"), []);
  assertEquals(checks.length, count);
}

for (const [family, count] of Object.entries(RECORDED)) {
  test(`everything that PyTorch recorded of ${family} agrees`, () => checkEverything(`${FIXTURES}${family}`, count));
}

for (const [family, count] of Object.entries({ ...RECORDED, ...FURTHER })) {
  const name = `everything that PyTorch recorded of ${family}, beside the repository, agrees`;
  testBeside(`fixtures/hf/${family}`, name, (folder) => checkEverything(folder, count));
}

test("what a folder does not record is skipped, each gradient by itself where there are some", async () => {
  const checks = await withCopy("gpt2", (folder) =>
    rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
      tensors.delete("logits");
      tensors.delete("grad.transformer.h.0.ln_1.weight");
    }));
  assertEquals(failures(checks), []);
  assertEquals(checks.filter(({ status }) => status === "skipped"), [
    { name: "logits", status: "skipped", note: "not recorded" },
    { name: "gradient of transformer.h.0.ln_1.weight", status: "skipped", note: "not recorded" },
    { name: "AdamW step", status: "skipped", note: "not recorded: it takes the gradient of every parameter" },
  ]);
});

for (const family of Object.keys(RECORDED)) {
  test(`a ${family} parameter that is off by a hundredth fails`, async () => {
    const checks = await withCopy(family, (folder) =>
      rewriteTensors(`${folder}/model.safetensors`, (tensors) => {
        const { data } = [...tensors].find(([name]) => /norm\.weight|ln_f\.weight/.test(name))![1];
        data.forEach((value, i) => data[i] = 1.01 * value);
      }));
    const failed = failures(checks).map(({ name }) => name);
    assert(failed.includes("loss") && failed.includes("gradient norm"), `${failed}`);
    for (const { error, tolerance } of failures(checks)) assert(error === undefined || error > tolerance!);
  });
}

test("nothing recorded is nothing verified: all is skipped, none is ok", async () => {
  const checks = await withCopy("gpt2", async (folder) => {
    await Deno.writeTextFile(`${folder}/golden.json`, "{}");
    await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
      for (const name of [...tensors.keys()]) if (/^(loss|logits|grad\..*)$/.test(name)) tensors.delete(name);
    });
  });
  assertEquals(checks.filter(({ status }) => status !== "skipped"), []);
  const names = checks.map(({ name }) => name);
  for (const name of ["logits", "greedy continuations", "loss", "gradient norm", "AdamW step"]) {
    assert(names.includes(name), name);
  }
});

test("another continuation, and a NaN among the recorded gradients, fail by name", async () => {
  const name = "transformer.h.0.ln_1.weight";
  let token = NaN;
  const checks = await withCopy("gpt2", async (folder) => {
    const golden = await readJsonFile(`${folder}/golden.json`) as { greedy: Record<string, number[]> };
    token = golden.greedy["1"][3]++;
    await Deno.writeTextFile(`${folder}/golden.json`, JSON.stringify(golden));
    await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => tensors.get(`grad.${name}`)!.data[7] = NaN);
  });
  // A NaN among the gradients goes on into the norm, and so into every step.
  const failed = failures(checks).filter(({ name }) => !name.startsWith("AdamW step of "));
  assertEquals(failed.map(({ name, note }) => [name, note]), [
    ["greedy continuation of row 1", `token 3 is ${token} instead of ${token + 1}`],
    [`gradient of ${name}`, undefined],
  ]);
});

test("the AdamW step is checked where every gradient is recorded", async () => {
  // Gradients of zero move nothing but by decay: p − 0.01 · 0.1 · p.
  const checks = await withCopy("gpt2", async (folder) => {
    const model = await SafeTensorsFile.read(`${folder}/model.safetensors`);
    await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
      for (const name of model.names) {
        const { shape } = model.get(name);
        tensors.set(`grad.${name}`, { shape, data: new Float32Array(model.f32(name).length) });
        tensors.set(`adamw.${name}`, { shape, data: model.f32(name).map((value) => 0.999 * value) });
      }
      const wrong = tensors.get("adamw.transformer.ln_f.weight")!;
      wrong.data[0] *= 1 + 2 * TOLERANCE.tensor;
      tensors.delete("adamw.transformer.wpe.weight");
    });
  });
  const steps = checks.filter(({ name }) => name.startsWith("AdamW step of "));
  assertEquals(namesOf(steps, "FAIL"), ["AdamW step of transformer.ln_f.weight"]);
  assertEquals(namesOf(steps, "skipped"), ["AdamW step of transformer.wpe.weight"]);
  assertEquals(steps.length, 28);
});
