import { assert, assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { shard } from "#lib/models/test_checkpoints.ts";
import { testBeside } from "#lib/test_beside.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { type Check, TOLERANCE } from "./check.ts";
import { verifyCheckpoint } from "./checkpoint.ts";
import { copyFixture, rewriteTensors } from "./test_golden.ts";

const gpu = await testGpu();

const named = (checks: readonly Check[], status: Check["status"]) =>
  checks.filter((check) => check.status === status).map(({ name }) => name);

/** Folders of `../shared`, how many checks agree, and whether gradients are recorded. */
const FORMS = {
  "gpt2-sharded": [6 + 2 * 28, true],
  "gpt2-f16": [6 + 2 * 28 + 2, true],
  "llama-bf16": [6 + 2 * 21 + 2, true],
  "gpt2-original": [6 + 2 * 28, true],
  "gpt2-bin": [6 + 2 * 28 + 15, true],
  "llama-padded-vocab": [6 + 2 * 21 + 8, true],
  "llama-lora": [5, false],
  // And the logits of the weights with it merged into them.
  "llama-lora/adapter": [6 + 2 * 8 + 1, true],
  "llama-lora/merged": [5, false],
  "stories260K": [4 + 3, false],
} as const;

for (const [name, [count, hasGradients]] of Object.entries(FORMS)) {
  testBeside(`fixtures/hf/${name}`, `everything that is recorded of ${name} agrees`, async (folder) => {
    const checks = await verifyCheckpoint(gpu, folder);
    assertEquals(named(checks, "FAIL"), []);
    assertEquals(named(checks, "skipped"), hasGradients ? [] : ["gradient norm", "gradients", "AdamW step"]);
    assertEquals(named(checks, "ok").length, count);
  });
}

for (const name of ["tied_flag_own_head", "sharded_index", "tied_only_head_kept", "left_padded_golden"]) {
  testBeside(`field_cases/${name}`, `the recorded logits and loss of ${name} agree`, async (folder) => {
    const checks = await verifyCheckpoint(gpu, `${folder}/checkpoint`);
    assertEquals([named(checks, "FAIL"), named(checks, "ok")], [[], ["logits", "loss"]]);
  });
}

/** A copy of a folder of fixtures/, changed before it is verified. */
function testChanged(name: string, change: (folder: string) => Promise<void>, check: (checks: Check[]) => void): void {
  testInFolder(name, async (folder) => {
    await copyFixture("gpt2", folder);
    await change(folder);
    check(await verifyCheckpoint(gpu, folder));
  }, { opensDevice: true });
}

const assertAllAgree = (checks: readonly Check[]) => {
  assertEquals([named(checks, "FAIL"), named(checks, "skipped")], [[], []]);
  assertEquals(checks.length, 6 + 2 * 28);
};

testChanged(
  "everything recorded agrees where the checkpoint is in shards",
  (folder) => shard(folder, 3, "model.safetensors"),
  assertAllAgree,
);
testChanged("and where torch.save wrote the shards", (folder) => shard(folder, 2, "pytorch_model.bin"), assertAllAgree);

testChanged(
  "and where the head is stored in place of the embedding that it is tied to",
  (folder) =>
    rewriteTensors(`${folder}/model.safetensors`, (tensors) => {
      tensors.set("lm_head.weight", tensors.get("transformer.wte.weight")!);
      tensors.delete("transformer.wte.weight");
    }),
  assertAllAgree,
);

/** Moves what each row attends to from its left to its right. */
async function padLeft(folder: string): Promise<void> {
  await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
    const [rows, tokens] = tensors.get("input_ids")!.shape;
    const mask = tensors.get("attention_mask")!.data;
    const ends = Array.from({ length: rows }, (_, b) => {
      const end = mask.subarray(b * tokens, (b + 1) * tokens).indexOf(0);
      return end < 0 ? tokens : end;
    });
    assert(ends.some((end) => end < tokens));
    for (const name of ["input_ids", "attention_mask", "labels", "logits"]) {
      const { data } = tensors.get(name)!;
      const [old, width] = [data.slice(), data.length / rows / tokens];
      ends.forEach((end, b) => {
        for (let t = 0; t < tokens; t++) {
          const from = (b * tokens + (t + end) % tokens) * width;
          data.set(old.subarray(from, from + width), (b * tokens + t) * width);
        }
      });
    }
  });
}

testChanged("and where rows are padded on the left", padLeft, assertAllAgree);

testInFolder("a mask with gaps, or of nothing, is refused by its row", async (folder) => {
  await copyFixture("gpt2", folder);
  const refused = async (row: readonly number[], says: string) => {
    await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
      const { data, shape: [, tokens] } = tensors.get("attention_mask")!;
      data.fill(1, tokens);
      data.fill(0, tokens, 2 * tokens);
      data.set(row, tokens);
    });
    await assertRejects(
      () => verifyCheckpoint(gpu, folder),
      InputError,
      `golden.safetensors: row 1 of attention_mask ${says}`,
    );
  };
  await refused([1, 0, 1], "leaves out tokens between others; padding is read on either side alone");
  await refused([], "attends to no token");
}, { opensDevice: true });

/** What a model over its first 40 of 61 ids would record if it had none further: its own loss, off by a little. */
testChanged("recorded actions that differ fail by name", async (folder) => {
  const golden = await readJsonFile(`${folder}/golden.json`) as Record<string, unknown>;
  const changed = { ...golden, action_count: 40, greedy_actions: { 0: [1, 2] } };
  await Deno.writeTextFile(`${folder}/golden.json`, JSON.stringify(changed));
  await rewriteTensors(`${folder}/golden.safetensors`, (tensors) => {
    const [rows, tokens] = tensors.get("input_ids")!.shape;
    const labels = tensors.get("labels")!.data;
    labels.forEach((label, i) => labels[i] = Math.min(label, 39));
    const table = { shape: [rows, tokens, 40], data: new Float32Array(rows * tokens * 40) };
    const one = { shape: [1], data: Float32Array.of(1) };
    for (const name of ["log_probs", "student_logits", "grad.student_logits"]) tensors.set(`actions.${name}`, table);
    for (const name of ["loss", "forward_kl"]) tensors.set(`actions.${name}`, one);
    tensors.set("actions.grad.transformer.wte.weight", { shape: [61, 16], data: new Float32Array(61 * 16) });
  });
}, (checks) => {
  const ofActions = named(checks, "FAIL").filter((name) => /action|student/.test(name));
  assertEquals(ofActions, [
    ...["log-probabilities of actions", "loss over actions", "gradient of transformer.wte.weight over actions"],
    ...["forward KL to a student", "gradient of the student's logits", "greedy actions of row 0"],
  ]);
});

testInFolder("values of 16 bits that become other numbers fail", async (folder) => {
  await copyFixture("gpt2", folder);
  const write = async (float32: number) => {
    const header = {
      stored: { dtype: "BF16", shape: [1], data_offsets: [0, 2] },
      bits: { dtype: "I32", shape: [1], data_offsets: [2, 6] },
      float32: { dtype: "F32", shape: [1], data_offsets: [6, 10] },
    };
    const json = new TextEncoder().encode(JSON.stringify(header));
    const values = [new Uint8Array([0x80, 0x3f]), Int32Array.of(0x3f80), Float32Array.of(float32)];
    const bytes = [BigUint64Array.of(BigInt(json.length)), json, ...values].flatMap((
      { buffer },
    ) => [...new Uint8Array(buffer)]);
    await Deno.writeFile(`${folder}/edge_values.safetensors`, Uint8Array.from(bytes));
    return (await verifyCheckpoint(gpu, folder)).filter(({ name }) => name.includes("edge values"));
  };
  assertEquals((await write(1)).map(({ status }) => status), ["ok", "ok"]);
  assertEquals((await write(1 + TOLERANCE.loss)).map(({ status }) => status), ["ok", "FAIL"]);
}, { opensDevice: true });
