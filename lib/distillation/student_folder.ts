import type { HandedOver } from "#lib/bench/experiment.ts";
import { isJsonObject, type JsonObject } from "#lib/data/json_text.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { writeModel } from "#lib/models/checkpoint.ts";
import { wholeModelOf } from "#lib/models/lora_adapter.ts";
import { isLora, writeAdapter } from "#lib/models/lora_folder.ts";
import { isFile, writeAtomically } from "#lib/results/storage.ts";
import type { StartingModel } from "./starting_model.ts";

/** What is copied of the student's folder as it is: all that decides how texts become ids and back. */
const COPIED: readonly string[] = [
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"],
  ...["chat_template.json", "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "generation_config.json"],
];
const WEIGHTS = "model.safetensors";
/** Of what a student has learned by changes of low rank, which its weights have merged into them. */
const ADAPTER_FOLDER = "adapter";

/** Whether a folder has a distilled student's weights. */
export function hasStudent(folder: string): boolean {
  return isFile(`${folder}/${WEIGHTS}`);
}

/**
 * Writes a distilled student as a Hugging Face folder: weights in float32, configuration, and the tokenizer's files as its own folder has
 * them; beside them the adapter of PEFT, where it learned by changes of low rank from a model that has weights. Weights get their name last, when they are whole.
 *
 * @param folder may hold other things, such as the results of the run
 */
export async function writeStudent(
  folder: string,
  { model, texts }: Pick<HandedOver, "model" | "texts">,
  start: Pick<StartingModel, "folder" | "hasWeights" | "located" | "source" | "word">,
  maxNewTokens: number,
): Promise<void> {
  const { folder: from, located } = start;
  const written = `${folder}/.state/student`;
  const { folder: whole } = await wholeModelOf(located);
  const config = await objectAt(`${whole}/config.json`);
  const [eosId] = texts.eosIds;
  await writeModel(model, written, {
    bos_token_id: idOf(config.bos_token_id) ?? texts.codec.specialIds.bos ?? null,
    eos_token_id: idOf(config.eos_token_id) ?? eosId,
    pad_token_id: idOf(config.pad_token_id) ?? texts.padId,
  });
  for (const name of COPIED) {
    if (isFile(`${from}/${name}`)) await writeAtomically(`${folder}/${name}`, await Deno.readFile(`${from}/${name}`));
  }
  if (!isFile(`${from}/generation_config.json`)) {
    const { eosIds, padId } = texts;
    const generation = {
      ...{ eos_token_id: eosIds.length > 1 ? eosIds : eosId, pad_token_id: padId, max_new_tokens: maxNewTokens },
      ...(model.layout.kind === "oneText" ? {} : { decoder_start_token_id: model.layout.startId }),
    };
    await writeAtomically(`${folder}/generation_config.json`, `${JSON.stringify(generation, null, 2)}\n`);
  }
  // Drawn values are in no file, so that nothing could read changes of them.
  if (isLora(model) && start.hasWeights) await writeAdapter(model, `${folder}/${ADAPTER_FOLDER}`, baseOf(start));
  for (const name of ["config.json", WEIGHTS]) await Deno.rename(`${written}/${name}`, `${folder}/${name}`);
}

/** What an adapter calls its base model. */
function baseOf({ source, word }: Pick<StartingModel, "source" | "word">): string {
  return "hub" in source ? source.hub : word;
}

async function objectAt(path: string): Promise<JsonObject> {
  const value = await readJsonFile(path);
  return isJsonObject(value) ? value : {};
}

/** An id as `config.json` has one; of a list, which chat models have, the first. */
function idOf(value: unknown): number | undefined {
  const id = Array.isArray(value) ? value[0] : value;
  return Number.isInteger(id) ? id as number : undefined;
}
