import { createHash } from "node:crypto";
import { isJsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { type LocatedModel, whatLacks } from "#lib/hub/locate.ts";
import { locateAdapted } from "#lib/hub/locate_adapted.ts";
import { selectFiles } from "#lib/hub/needed_files.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { isFile } from "#lib/results/storage.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { hasTokenizer, tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { TextLayout } from "./language_model.ts";
import { isAdapterFolder, wholeModelOf } from "./lora_adapter.ts";
import { type ModelConfig, parseModelConfig } from "./model_config.ts";

/** Where the files of a model came from, for provenance: never a branch. */
export type FileSource =
  | { readonly hub: string; readonly commit: string; readonly base?: FileSource }
  /** The SHA-256 of each of its files, by name. Of an adapter its base is recorded, too. */
  | { readonly folder: string; readonly files: Readonly<Record<string, string>>; readonly base?: FileSource };

/** What a model's texts are made of. */
export interface ModelTexts {
  readonly layout: TextLayout["kind"];
  readonly codec: TextCodec;
  /** Each of them ends a text: that of the tokenizer first, then others that the model's files name. At least one. */
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** Tokens that prompt and response may have together; infinite where positions are relative. */
  readonly maxPositions: number;
  /** Of its tokenizer's files; a cell has none. */
  readonly folder?: string;
}

/** The same of a folder, with the model's configuration. */
export interface FolderTexts extends ModelTexts {
  readonly folder: string;
  readonly config: ModelConfig;
}

/** What the small files of a folder say: none of its weights is read. */
export async function folderTexts(located: LocatedModel): Promise<FolderTexts> {
  const whole = await wholeModelOf(located);
  const path = `${whole.folder}/config.json`;
  const config = parseModelConfig(await readJsonFile(path), path);
  // Tokens and templates that were trained with an adapter lie beside it.
  const { folder } = hasTokenizer(located.folder) ? located : whole;
  const codec = await tokenizerOf(folder);
  const eosIds = await eosIdsOf(whole.folder, codec);
  return {
    ...{ codec, eosIds, folder, config },
    layout: "startId" in config ? "encoderDecoder" : "oneText",
    padId: codec.specialIds.pad ?? eosIds[0],
    maxPositions: maxPositionsOf(config),
  };
}

/** Where a folder's or a hub's model came from. */
export async function sourceOf(located: LocatedModel): Promise<FileSource> {
  const { folder, hub } = located;
  const base = isAdapterFolder(folder) ? { base: await sourceOf(await wholeModelOf(located)) } : {};
  if (hub) return { hub: hub.repository, commit: hub.commit, ...base };
  const { needed } = selectFiles(await namesIn(folder));
  const files: [string, string][] = [];
  for (const name of needed.toSorted()) files.push([name, await sha256Of(`${folder}/${name}`)]);
  return { folder, files: Object.fromEntries(files), ...base };
}

/**
 * The ids that end a text: the tokenizer's, and those of `generation_config.json` and `config.json`, of which chat models name several.
 *
 * @throws {InputError} if none is named
 */
export async function eosIdsOf(folder: string, { specialIds: { eos } }: TextCodec): Promise<number[]> {
  const named = await Promise.all(["generation_config.json", "config.json"].map(async (name) => {
    const config = isFile(`${folder}/${name}`) ? await readJsonFile(`${folder}/${name}`) : undefined;
    return isJsonObject(config) ? [config.eos_token_id].flat() : [];
  }));
  const ids = [...(eos === undefined ? [] : [eos]), ...named.flat()];
  const known = [...new Set(ids.filter((id): id is number => Number.isInteger(id) && (id as number) >= 0))];
  if (known.length > 0) return known;
  throw new InputError(
    `${folder}: no token that ends a text: neither the tokenizer's files (eos_token) nor config.json (eos_token_id) name one`,
  );
}

/** How many tokens a model can tell apart; infinite where positions are relative. */
export function maxPositionsOf(config: ModelConfig): number {
  return "maxPositions" in config ? config.maxPositions : Infinity;
}

/** A folder or a model of the cache. @throws {InputError} where there is no such model, or it is not whole */
export async function locateModel(word: string, callerFolder: string | undefined): Promise<LocatedModel> {
  const located = await locateAdapted(word, { caller: callerFolder });
  const problem = await whatLacks(located.folder, await namesIn(located.folder));
  if (problem !== undefined) throw new InputError(`${excerpt(word)}: no model: it has ${problem}`);
  return located;
}

/** The names in a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

/** The SHA-256 of a file, read in pieces. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const piece = new Uint8Array(2 ** 20);
  for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
    hash.update(piece.subarray(0, count));
  }
  return hash.digest("hex");
}
