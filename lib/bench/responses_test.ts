import { assertEquals, assertRejects } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { GREEDY } from "#lib/generation/generate.ts";
import { FORMS, tinyDecoder } from "#lib/models/test_decoder.ts";
import { respond, search } from "./responses.ts";
import type { Texts } from "./texts.ts";

const gpu = await testGpu();
const prompts = [[5], [3, 1, 4, 1, 5], [8, 8, 8]];
const texts = { eosIds: [0xffffffff], padId: 0 } as unknown as Texts;

gpuTest("whoever follows the writing of texts is told before each batch and at the end, and may end it", async () => {
  const model = tinyDecoder(gpu, FORMS[0]);
  const writers = {
    respond: (watched: object) =>
      respond(gpu, model, texts, prompts, { ...GREEDY, maxNewTokens: 3, seed: 1, purpose: "test", ...watched }, 2),
    search: (watched: object) =>
      search(gpu, model, texts, prompts, { maxNewTokens: 3, beams: 2, lengthPenalty: 1, ...watched }, 2),
  };
  for (const [name, write] of Object.entries(writers)) {
    const told: string[] = [];
    const stop = new AbortController();
    const progress = (done: number, all: number) => told.push(`${done}/${all}`);
    const written = await write({ progress });
    assertEquals(written.map(({ prompt }) => prompt), prompts, name);
    assertEquals(told, ["0/3", "2/3", "3/3"], name);
    const stopping = (done: number) => done === 2 && stop.abort(new RangeError("stopped"));
    await assertRejects(() => write({ stop: stop.signal, progress: stopping }), RangeError, "stopped");
  }
});
