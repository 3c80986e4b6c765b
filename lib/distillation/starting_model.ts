import type { Gpu } from "#kernels/runtime/gpu.ts";
import { locate, type LocatedModel } from "#lib/hub/locate.ts";
import { newModel, readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import {
  type FileSource,
  type FolderTexts,
  folderTexts,
  locateModel,
  namesIn,
  sourceOf,
} from "#lib/models/model_folder.ts";
import type { ModelOptions } from "#lib/models/model_weights.ts";
import { digestOfJson } from "#lib/results/digest.ts";

/** A model as a distillation finds it: of a folder or of the hub's cache. */
export interface StartingModel extends FolderTexts {
  /** As a person named it. */
  readonly word: string;
  readonly source: FileSource;
  readonly located: LocatedModel;
  /** Without weights it starts from values that are drawn: a student from scratch. */
  readonly hasWeights: boolean;
}

const WEIGHTS = /^(model|pytorch_model|adapter_model)\b.*\.(safetensors|bin)(\.index\.json)?$/;

/** Whether a folder with `config.json` and a tokenizer alone is a model that starts from drawn values. */
interface StartOptions {
  readonly mayLackWeights: boolean;
}

/**
 * Reads the small files of a model, and its large ones once, for their digests.
 *
 * @throws {InputError} what locating the model and reading its configuration and tokenizer do
 */
export async function startingModel(
  word: string,
  callerFolder: string | undefined,
  options: StartOptions,
): Promise<StartingModel> {
  const { located, hasWeights } = await locateStart(word, callerFolder, options);
  return { ...await folderTexts(located), word, located, source: await sourceOf(located), hasWeights };
}

/** Where a model is. @throws {InputError} where there is no such model */
export async function locateStart(
  word: string,
  callerFolder: string | undefined,
  { mayLackWeights }: StartOptions,
): Promise<Pick<StartingModel, "located" | "hasWeights">> {
  if (mayLackWeights) {
    const located = await locate(word, { caller: callerFolder });
    const names = await namesIn(located.folder);
    if (names.includes("config.json") && !names.some((name) => WEIGHTS.test(name))) {
      return { located, hasWeights: false };
    }
  }
  return { located: await locateModel(word, callerFolder), hasWeights: true };
}

/** What decides a model's values: a commit, or the digest of its files; where they are makes no difference. */
export function identityOf({ source }: Pick<StartingModel, "source">): string {
  const own = "hub" in source ? `${source.hub}@${source.commit}` : digestOfJson(source.files);
  return source.base === undefined ? own : `${identityOf({ source: source.base })}+${own}`;
}

/** A model's name where nobody is to see where it lies: that of the hub, or the last part of its folder's path. */
export function nameOf({ word, source }: Pick<StartingModel, "word" | "source">): string {
  return "hub" in source ? source.hub : word.replace(/\/+$/, "").replace(/^.*\//, "");
}

/**
 * The model itself.
 *
 * @param normalSource draws from N(0, 1), for one without weights and for changes of low rank
 */
export async function openStart(
  gpu: Gpu,
  { located: { folder, base }, config, hasWeights }: StartingModel,
  options: ModelOptions,
  normalSource: () => number,
): Promise<LanguageModel> {
  const lora = options.lora && { ...options.lora, normalSource };
  if (!hasWeights) return newModel(gpu, config, normalSource, { ...options, lora });
  return await readModel(gpu, folder, { ...options, lora, base: base?.folder });
}
