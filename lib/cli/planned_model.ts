import { isFolder } from "#lib/data/folder_names.ts";
import { parseJson } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { locate } from "#lib/hub/locate.ts";
import { DECODER_FAMILIES } from "#lib/models/decoder_families.ts";
import { type ModelConfig, parseModelConfig } from "#lib/models/model_config.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { isFile } from "#lib/results/storage.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { fromCaller } from "./command_line.ts";

/** A model as far as its configuration says, for a plan of what it needs. */
export interface PlannedModel {
  /** As a person named it. */
  readonly word: string;
  /** Undefined where this project cannot read the model; `problem` says why. */
  readonly config?: ModelConfig;
  readonly problem?: string;
  /** Bytes of its weights' files; undefined where there are none yet. */
  readonly fileBytes?: number;
  /** Undefined of sizes of a profile, whose models share one; `tokenizerProblem` says why it cannot be read. */
  readonly codec?: TextCodec;
  readonly tokenizerProblem?: string;
}

/** Sizes of models that a profile names, by the words of `--for`. */
export type ProfileSizes = ReadonlyMap<string, ModelConfig>;

const WEIGHTS = /^(model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)$/;

/**
 * Reads what a side of TEACHER:STUDENT names: a folder with `config.json`, with or without weights, a model of the hub's cache, or a size
 * of the profile.
 *
 * @throws {InputError} where it is none of these
 */
export async function plannedModel(
  word: string,
  sizes: ProfileSizes,
  callerFolder: string | undefined,
): Promise<PlannedModel> {
  const config = sizes.get(word);
  if (config && !isFolder(fromCaller(word, callerFolder))) return { word, config };
  const { folder } = await locate(word, { caller: callerFolder });
  const path = `${folder}/config.json`;
  if (!isFile(path)) throw new InputError(`${word}: no config.json, by which a model is planned, in ${folder}`);
  return {
    word,
    ...await unlessWrong(async () => ({ config: parseModelConfig(await readJson(path), path) }), "problem"),
    ...await unlessWrong(async () => ({ codec: await tokenizerOf(folder) }), "tokenizerProblem"),
    fileBytes: weightBytes(folder),
  };
}

/** The sizes of a profile: `teacher` and `student` of instruction following, and those of its encoder-decoders. */
export function sizesOf(profile: unknown): ProfileSizes {
  const sizes = new Map<string, ModelConfig>();
  const at = (...path: readonly string[]) => path.reduce<unknown>((value, key) => (value as never)?.[key], profile);
  const count = (...path: readonly string[]) => Number(at(...path) ?? NaN);
  for (const role of ["teacher", "student"]) {
    const model = at(role, "model");
    if (!isSizes(model)) continue;
    const maxPositions = count("data", "maxPromptTokens") + count("data", "maxNewTokens");
    sizes.set(
      role,
      DECODER_FAMILIES.llama.smallConfig({ ...model, vocabSize: count("data", "vocabSize"), maxPositions }),
    );
  }
  for (const [name, model] of Object.entries(at("taskSpecific", "sizes") ?? {})) {
    if (isSizes(model)) sizes.set(name, t5Config({ ...model, vocabSize: count("taskSpecific", "vocabSize") }));
  }
  return sizes;
}

interface Sizes {
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
}

function isSizes(value: unknown): value is Sizes {
  return typeof value === "object" && value !== null && "hiddenSize" in value && "numLayers" in value;
}

async function readJson(path: string): Promise<unknown> {
  return parseJson(await readTextStrictly(path), (problem) => new InputError(`${path}: ${problem}`));
}

/** A part that cannot be read is said, not thrown: the others are judged all the same. */
async function unlessWrong<Part extends object, Name extends string>(
  read: () => Promise<Part>,
  name: Name,
): Promise<Part | { readonly [key in Name]: string }> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof InputError) return { [name]: error.message } as { readonly [key in Name]: string };
    throw error;
  }
}

function weightBytes(folder: string): number | undefined {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => WEIGHTS.test(name));
  // Where a model has both forms, safetensors are read.
  const read = names.filter((name) => name.endsWith(".safetensors"));
  const chosen = read.length > 0 ? read : names;
  if (chosen.length === 0) return undefined;
  return chosen.reduce((sum, name) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
}
