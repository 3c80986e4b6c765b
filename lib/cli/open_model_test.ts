import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import type { Experiment } from "#lib/bench/experiment.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { eosIdsOf, sourceOf } from "#lib/models/model_folder.ts";
import { namesCell, openTexts, withModel } from "./open_model.ts";
import { ProgressLine } from "./progress_line.ts";
import { copyOfStories, STORIES } from "./test_stories.ts";
import { keptTerminal } from "./test_terminal.ts";

const context = { experiments: [], stop: new AbortController().signal };

Deno.test("the source of a model of the hub is its commit, that of a folder the SHA-256 of every file that is read", async () => {
  const hub = { repository: "org/name", commit: "0".repeat(40) };
  assertEquals(await sourceOf({ folder: STORIES, hub }), { hub: "org/name", commit: hub.commit });
  const source = await sourceOf({ folder: STORIES });
  assert("files" in source);
  assertEquals(Object.keys(source.files), [
    ...["config.json", "model.safetensors", "tokenizer.json", "tokenizer.model", "tokenizer_config.json"],
  ]);
  const bytes = await Deno.readFile(`${STORIES}/model.safetensors`);
  assertEquals(source.files["model.safetensors"], createHash("sha256").update(bytes).digest("hex"));
});

testInFolder("every id that the model's files name as an end ends a text, the tokenizer's first", async (folder) => {
  const config = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
  await copyOfStories(folder, {
    "config.json": JSON.stringify({ ...config, eos_token_id: 7 }),
    "generation_config.json": JSON.stringify({ eos_token_id: [9, 2] }),
  });
  assertEquals(await eosIdsOf(folder, await tokenizerOf(folder)), [2, 9, 7]);
  const { eosIds, maxPositions, layout, padId } = await openTexts(folder, context);
  assertEquals({ eosIds, maxPositions, layout, padId }, {
    ...{ eosIds: [2, 9, 7], maxPositions: 512, layout: "oneText", padId: 2 },
  });
});

testInFolder(
  "a word is a cell's address where its first part is an experiment and no folder is there",
  async (folder) => {
    const experiments = [{ name: "table" } as Experiment];
    const own = { ...context, experiments, callerFolder: folder };
    assertEquals(namesCell("table/sft/10", own), true);
    assertEquals(["table/sft", "org/name", "other/sft/10", "./table/sft/10"].map((word) => namesCell(word, own)), [
      ...[false, false, false, false],
    ]);
    await Deno.mkdir(`${folder}/table/sft/10`, { recursive: true });
    assertEquals(namesCell("table/sft/10", own), false);
  },
);

Deno.test({
  name: "a model is there for as long as it is used, and released when that fails",
  sanitizeResources: false,
  async fn() {
    const { terminal } = keptTerminal();
    const flags = { profile: undefined, results: undefined, set: [] };
    const options = { context, flags, line: new ProgressLine({ terminal, quiet: true }) };
    const [vocabSize, ids] = await withModel(
      STORIES,
      options,
      ({ model, codec }) => Promise.resolve([model.config.vocabSize, codec.encode("Tom").length] as const),
    );
    assertEquals(vocabSize, 512);
    assert(ids > 0);
    await assertRejects(
      () => withModel(STORIES, options, () => Promise.reject(new InputError("no"))),
      InputError,
      "no",
    );
  },
});
