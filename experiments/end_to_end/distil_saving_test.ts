import { assert, assertEquals, assertMatch } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { packTrajectories } from "#lib/objectives/trajectory_batch.ts";
import { isFile } from "#lib/results/storage.ts";
import { distilArguments, STORIES, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const gpu = await testGpu();

async function logitsOf(model: LanguageModel): Promise<Float32Array> {
  using tape = new Tape(gpu);
  const batch = packTrajectories(gpu, [{ prompt: [1, 403, 407], response: [261, 376, 298, 9] }], model.layout);
  return await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value) as Float32Array;
}

async function ran(...args: readonly string[]): Promise<string> {
  const { status, printed, reported } = await runProgram(...args);
  assertEquals(status, 0, reported);
  return printed;
}

testInFolder(
  "a student that learns by LoRA is written merged and as an adapter, which are one model",
  async (folder) => {
    const out = `${folder}/out`;
    const lora = ["--lora", "2", "--lora-targets", "q_proj,down_proj"];
    await ran(...distilArguments(STORIES, "--method", "ammd", "--out", out, ...lora));
    const config = JSON.parse(await Deno.readTextFile(`${out}/adapter/adapter_config.json`));
    assertEquals([config.r, config.lora_alpha, config.target_modules], [2, 4, ["down_proj", "q_proj"]]);
    using whole = await readModel(gpu, out);
    using adapted = await readModel(gpu, `${out}/adapter`, { base: STORIES });
    using base = await readModel(gpu, STORIES);
    const [merged, beside, before] = [await logitsOf(whole), await logitsOf(adapted), await logitsOf(base)];
    const largest = Math.max(...merged.map(Math.abs));
    const distance = (others: Float32Array) =>
      Math.max(...merged.map((value, i) => Math.abs(value - others[i]))) / largest;
    assert(distance(beside) <= 1e-5, `${distance(beside)}`);
    assert(distance(before) > 1e-3, `${distance(before)}`);
    const [own, theirs] = [await whole.weights.read(), await base.weights.read()];
    for (const [name, values] of theirs) {
      if (/qkv_proj|down_proj/.test(name)) continue;
      assertEquals(own.get(name), values, `${name} has moved`);
    }
  },
);

testInFolder(
  "of changes to drawn values no adapter is written, and verify says what it would compare with",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    const out = `${folder}/out`;
    await ran(...distilArguments(student, "--method", "kd", "--lora", "2", "--out", out));
    assert(isFile(`${out}/model.safetensors`) && !isFolder(`${out}/adapter`));
    const { status, reported } = await runProgram("verify", out);
    assertEquals(status, 2);
    assertMatch(
      reported,
      /^error: \S+\/golden\.json: there is no such file to compare with; .*record_folder\.py write one/,
    );
  },
);

testInFolder(
  "LoRA of a student in 16 bits is written as its rounded weights with the changes added",
  async (folder) => {
    const out = `${folder}/out`;
    const lora = ["--lora", "2", "--student-form", "bf16", "--teacher-form", "bf16"];
    await ran(...distilArguments(STORIES, "--method", "gkd", "--out", out, ...lora));
    using whole = await readModel(gpu, out);
    using rounded = await readModel(gpu, STORIES, { form: "bf16" });
    const [own, before] = [await whole.weights.read(), await rounded.weights.read()];
    const moved = [...before].filter(([name, values]) => own.get(name)!.some((value, i) => value !== values[i]));
    assertEquals(moved.length, 5);
    assert(moved.every(([name]) => /qkv_proj/.test(name)), `${moved.map(([name]) => name)}`);
  },
);

testInFolder(
  "a teacher in 16 bits, parts of a step and layers that run again give a student like the plain one",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    const run = (out: string, ...more: readonly string[]) =>
      ran(...distilArguments(student, "--method", "kd", "--out", `${folder}/${out}`, ...more));
    await run("plain");
    await run("again", "--recompute");
    await run("saving", "--teacher-form", "bf16", "--texts-at-once", "3", "--recompute");
    // The tables of 131 and 66 KB lie in blocks of rows.
    await run("limited", "--binding-limit", "100000", "--texts-at-once", "1");
    const valuesOf = async (out: string) => {
      using model = await readModel(gpu, `${folder}/${out}`);
      return await model.weights.read();
    };
    const [plain, again, saving] = [await valuesOf("plain"), await valuesOf("again"), await valuesOf("saving")];
    assertEquals(again, plain);
    for (const [name, values] of await valuesOf("limited")) {
      const [own, largest] = [plain.get(name)!, Math.max(...values.map(Math.abs))];
      const error = Math.max(...values.map((value, i) => Math.abs(value - own[i])));
      assert(error <= 1e-3 * largest, `${name} under a limit: ${error} of ${largest}`);
    }
    let moved = false;
    for (const [name, values] of plain) {
      const others = saving.get(name)!;
      moved ||= values.some((value, i) => value !== others[i]);
      const largest = Math.max(...values.map(Math.abs));
      const error = Math.max(...values.map((value, i) => Math.abs(value - others[i])));
      // Twenty steps of Adam from a teacher whose weights are rounded to 8 bits of mantissa.
      assert(error <= 0.1 * largest, `${name}: ${error} of ${largest}`);
    }
    assert(moved);
  },
);

testInFolder("where a step's texts do not fit at once, as many are read as do", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  const given = (out: string, ...more: readonly string[]) =>
    distilArguments(student, "--texts-per-step", "64", "--out", `${folder}/${out}`, "--method", ...more);
  const [, megabytes] = (await ran(...given("planned", "kd", "--dry-run"))).match(/^memory {3}(\d+) MB /m)!;
  const memory = ["--memory", String(0.85 * Number(megabytes) * 1e6 / 2 ** 30)];
  const { printed, reported } = await runProgram(...given("planned", "kd", "--dry-run", ...memory));
  const [, atOnce] = printed.match(/^steps .* of 64 texts, (\d+) at once,/m)!;
  assertMatch(printed, new RegExp(`^memory {3}\\S+ MB of \\S+ MB \\(--memory\\) for ${atOnce} of 64 texts of`, "m"));
  assertMatch(
    reported,
    new RegExp(
      `^reads ${atOnce} of a step's texts at once: a step needs ${megabytes} MB of memory, more than \\d+ MB \\(--memory\\)$`,
      "m",
    ),
  );
  await ran(...given("chosen", "kd", ...memory));
  await ran(...given("asked", "kd", "--texts-at-once", atOnce));
  const bytesOf = (out: string) => Deno.readFile(`${folder}/${out}/model.safetensors`);
  assertEquals(await bytesOf("chosen"), await bytesOf("asked"));
  const whole = await runProgram(...given("whole", "minillm", ...memory));
  assertEquals(whole.status, 2);
  assertMatch(whole.reported, /--texts-per-step \d+ fits, as minillm needs all texts of a step at once\n$/);
});

Deno.test("doctor --for plans a method with its critics and pairs", async () => {
  const bytesOf = async (...method: readonly string[]) => {
    const { status, printed, reported } = await runProgram(
      "doctor",
      "--for",
      `${STORIES}:${STORIES}`,
      "--json",
      ...method,
    );
    assertEquals(status, 0, reported);
    const { fit: { plan } } = JSON.parse(printed) as { fit: { plan: { parts: { name: string; bytes: number }[] } } };
    return new Map(plan.parts.map(({ name, bytes }) => [name, bytes]));
  };
  const [kd, held] = [await bytesOf(), await bytesOf("--method", "mm_pbkd_offline")];
  assertEquals(await bytesOf("--method", "kd"), kd);
  for (const part of ["critics: weights, gradients and moments", "pairs: states of their texts"]) {
    assert(held.get(part)! > 0 && !kd.has(part), part);
  }
  const { status, reported } = await runProgram("doctor", "--for", `${STORIES}:${STORIES}`, "--method", "amd");
  assertEquals(status, 2);
  assertMatch(reported, /^error: unknown method "amd"; did you mean "ammd"\?/);
});

testInFolder("what saves memory is refused where it says nothing, or cannot be", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  const refused = async (...more: readonly string[]) => {
    const args = distilArguments(student, "--out", `${folder}/out`, ...more);
    const { status, reported } = await runProgram(...args);
    assertEquals([status, reported.trimEnd().split("\n").length], [2, 1], reported);
    return reported;
  };
  const trained = distilArguments(student, "--out", `${folder}/out`, "--teacher-form", "f16")
    .filter((word) => word !== "--teacher-is-tuned");
  const { status, reported } = await runProgram(...trained);
  assertEquals(status, 2);
  for (
    const [message, part] of [
      [reported, "--teacher-form f16: a teacher that is trained first keeps float32; take it as it is"],
      [await refused("--lora", "0"), "--lora 0: must be at least 1"],
      [await refused("--lora-alpha", "4"), "--lora-alpha is of --lora RANK, which is not given"],
      [await refused("--student-form", "f16"), "--student-form is of --lora RANK, which is not given"],
      [await refused("--lora", "2", "--lora-targets", "query"), "LoRA target query: the model has no such layer"],
    ]
  ) assert(message.includes(part), message);
});
