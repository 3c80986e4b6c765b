import { assert, assertEquals } from "@std/assert";
import { programWords } from "#lib/runner/test_process.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { formatModelConfig } from "./model_config.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import { gpt2Config } from "./gpt2.ts";

/** What the runtime, the driver and the pieces under way may take beside the weights, which the CPU's driver holds in memory, too. */
const MOST_BESIDE = 300 * 2 ** 20;

const LOAD = `
import { Gpu } from "#kernels/runtime/gpu.ts";
import { readModel } from "#lib/models/checkpoint.ts";
await using gpu = await Gpu.open();
using model = await readModel(gpu, Deno.args[0]);
await gpu.settle();
// A shell may look where a program of Deno needs every right to.
const shell = new Deno.Command("sh", { args: ["-c", "grep VmHWM /proc/$PPID/status"] });
const [, kilobytes] = /VmHWM:\\s+(\\d+) kB/.exec(new TextDecoder().decode((await shell.output()).stdout));
console.log(JSON.stringify({ peak: 1024 * Number(kilobytes), parameters: model.store.parameterCount }));
`;

/** Half of GPT-2: six layers and 30,000 tokens, 265 MB of zeros that take no room on the disk. */
async function writeHalfGpt2(folder: string): Promise<{ bytes: number; parameters: number }> {
  const config = gpt2Config({ vocabSize: 30_000, hiddenSize: 768, numLayers: 6, numHeads: 12, maxPositions: 1024 });
  let end = 0;
  const header = Object.fromEntries(
    DECODER_FAMILIES.gpt2.checkpointTensors(config).map(({ name, shape }) => {
      const begin = end;
      end += 4 * shape.reduce((product, size) => product * size);
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
    }),
  );
  const json = new TextEncoder().encode(JSON.stringify(header));
  const path = `${folder}/model.safetensors`;
  await Deno.writeFile(
    path,
    new Uint8Array([...new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer), ...json]),
  );
  await Deno.truncate(path, 8 + json.length + end);
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(formatModelConfig(config)));
  return { bytes: 8 + json.length + end, parameters: end / 4 };
}

testInFolder("loading takes at most the file's size and 300 MB of memory", async (folder) => {
  const { bytes, parameters } = await writeHalfGpt2(folder);
  const args = [...await programWords(folder, "load", LOAD), folder];
  const { code, stdout, stderr } = await new Deno.Command("deno", { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const loaded = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(loaded.parameters, parameters);
  assert(loaded.peak - bytes < MOST_BESIDE, `${loaded.peak - bytes} bytes beside a file of ${bytes}`);
}, { cannotRun: Deno.build.os === "linux" ? undefined : "the peak of memory is read from /proc, as Linux has it" });
