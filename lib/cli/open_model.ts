import { createHash } from "node:crypto";
import { Gpu, type GpuOptions } from "#kernels/runtime/gpu.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { isJsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { locate, type LocatedModel, whatLacks } from "#lib/hub/locate.ts";
import { selectFiles } from "#lib/hub/needed_files.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel, TextLayout } from "#lib/models/language_model.ts";
import { type ModelConfig, parseModelConfig } from "#lib/models/model_config.ts";
import { isFile } from "#lib/results/storage.ts";
import { type Cell, cellAt, fullAddressOf } from "#lib/runner/cell.ts";
import { LocalComputer } from "#lib/runner/compute_cell.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { excerpt } from "#lib/visible_text.ts";
import { CellProgress } from "./cell_progress.ts";
import type { CommandContext, Flags, FlagValues } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import type { ProgressLine } from "./progress_line.ts";
import { DEFAULT_CHECKPOINT_SECONDS, RESULTS_FLAGS, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

/** Which profile a cell is of: flags of commands whose MODEL may be a cell. Its data are those that are embedded. */
export const CELL_FLAGS = {
  profile: { ...RESULTS_FLAGS.profile, help: "of a cell as MODEL: its profile; default tiny" },
  results: { ...RESULTS_FLAGS.results, help: "of a cell as MODEL: where results are kept; default results" },
  set: { ...RESULTS_FLAGS.set, help: "of a cell as MODEL: another value for a setting; may be repeated" },
} as const satisfies Flags;

/** Where a model came from, for provenance: never a branch. */
export type ModelSource =
  | { readonly hub: string; readonly commit: string }
  /** The SHA-256 of each of its files, by name. */
  | { readonly folder: string; readonly files: Readonly<Record<string, string>> }
  | { readonly cell: string; readonly profile: string };

/** What a model's texts are made of. */
export interface ModelTexts {
  readonly layout: TextLayout["kind"];
  readonly codec: TextCodec;
  /** Each of them ends a text: that of the tokenizer first, then others that the model's files name. At least one. */
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** Tokens that prompt and response may have together; infinite where positions are relative. */
  readonly maxPositions: number;
  /** Of its files; a cell has none. */
  readonly folder?: string;
}

/** A model that can be run. */
export interface OpenedModel extends ModelTexts {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  /** Reads every file of a folder once, which takes a while where they are large. */
  source(): Promise<ModelSource>;
}

export interface ModelOptions {
  readonly context: Pick<CommandContext, "experiments" | "callerFolder" | "stop">;
  readonly flags: FlagValues<typeof CELL_FLAGS>;
  /** Shows what is done until the model is there. */
  readonly line: ProgressLine;
  readonly gpu?: GpuOptions;
}

/**
 * Opens what a person names as MODEL, for as long as `use` takes: a folder, `ORG/NAME[@REVISION]` in the hub's cache, or a cell of the
 * results, as in `instruction_following/ammd/10`, whose model is trained again since none is kept.
 *
 * @throws {InputError} where it is none of these, or a file of the model is missing, damaged or of a kind that is not read
 */
export async function withModel<Result>(
  word: string,
  options: ModelOptions,
  use: (opened: OpenedModel) => Promise<Result>,
): Promise<Result> {
  const { context } = options;
  if (namesCell(word, context)) return await withCell(word, options, use);
  const located = await locateModel(word, context);
  options.line.update(() => `reads ${word}`, true);
  // The small files first: what is wrong with them is said before the large ones are read.
  const texts = await textsOf(located);
  await using gpu = await Gpu.open(options.gpu);
  // Of padded tables, the ids alone that the tokenizer has.
  using model = await readModel(gpu, located.folder, { actionCount: texts.codec.vocabSize });
  return await use({ ...texts, gpu, model, source: () => sourceOf(located) });
}

/**
 * The same without its weights, and without a GPU.
 *
 * @throws {InputError} also for a cell, whose tokenizer is made where it is trained
 */
export async function openTexts(word: string, context: ModelOptions["context"]): Promise<ModelTexts> {
  if (!namesCell(word, context)) return await textsOf(await locateModel(word, context));
  throw new InputError(`${word}: a cell has no tokenizer before it is trained; name a folder or a model of the hub`);
}

async function textsOf({ folder }: LocatedModel): Promise<ModelTexts> {
  const path = `${folder}/config.json`;
  const config = parseModelConfig(await readJsonFile(path), path);
  const codec = await tokenizerOf(folder);
  const eosIds = await eosIdsOf(folder, codec);
  return {
    ...{ codec, eosIds, folder },
    layout: "startId" in config ? "encoderDecoder" : "oneText",
    padId: codec.specialIds.pad ?? eosIds[0],
    maxPositions: maxPositionsOf(config),
  };
}

/** Whether a word is the address of a cell: its first part an experiment, at least two more, and no folder of that path. */
export function namesCell(word: string, { experiments, callerFolder }: ModelOptions["context"]): boolean {
  const [name, ...rest] = word.split("/");
  return rest.length >= 2 && experiments.some((experiment) => experiment.name === name) &&
    !isFolder(fromCaller(word, callerFolder));
}

/** Where a folder's or a hub's model came from. */
export async function sourceOf({ folder, hub }: LocatedModel): Promise<ModelSource> {
  if (hub) return { hub: hub.repository, commit: hub.commit };
  const { needed } = selectFiles(await namesIn(folder));
  const files: [string, string][] = [];
  for (const name of needed.toSorted()) files.push([name, await sha256Of(`${folder}/${name}`)]);
  return { folder, files: Object.fromEntries(files) };
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

async function withCell<Result>(
  address: string,
  { context, flags, line }: ModelOptions,
  use: (opened: OpenedModel) => Promise<Result>,
): Promise<Result> {
  // A command's own --data is none of the cell's.
  const shown = { ...noFlags(), profile: flags.profile, results: flags.results, set: flags.set };
  const { place, present, allExperiments } = await shownResults([], shown, context);
  const cell = cellAt(address, allExperiments);
  const progress = new CellProgress(cell, () => performance.now());
  const show = () => line.update(() => progress.text());
  let used: { readonly result: Result } | undefined;
  await using computer = await LocalComputer.open({
    ...{ resultsFolder: place.resultsFolder, profileName: place.profileName, present, stop: context.stop },
    watcher: {
      say: (_, message) => (progress.say(message), show()),
      progress: (_, training) => (progress.progress(training), show()),
      note: (message) => line.note(message),
    },
    checkpointSeconds: DEFAULT_CHECKPOINT_SECONDS,
    otherArguments: [],
    async handOver({ gpu, model, texts: { codec, eosIds, padId } }) {
      used = {
        result: await use({
          ...{ gpu, model, codec, eosIds, padId },
          layout: model.layout.kind,
          maxPositions: maxPositionsOf(model.config),
          source: () => Promise.resolve(sourceOfCell(cell, place.profileName)),
        }),
      };
    },
  });
  await computer.compute(cell);
  if (used === undefined) throw new InputError(`${address}: this cell trains no model`);
  return used.result;
}

function sourceOfCell(cell: Cell, profile: string): ModelSource {
  return { cell: fullAddressOf(cell), profile };
}

/** The flags of commands that show results, none of them given. */
function noFlags(): FlagValues<typeof SHOWN_FLAGS> {
  return { profile: undefined, results: undefined, data: undefined, preferences: undefined, set: [], recorded: false };
}

function maxPositionsOf(config: ModelConfig): number {
  return "maxPositions" in config ? config.maxPositions : Infinity;
}

/** @throws {InputError} where there is no such model, or it is not whole */
async function locateModel(word: string, { callerFolder }: ModelOptions["context"]): Promise<LocatedModel> {
  const located = await locate(word, { caller: callerFolder });
  const problem = await whatLacks(located.folder, await namesIn(located.folder));
  if (problem !== undefined) throw new InputError(`${excerpt(word)}: no model: it has ${problem}`);
  return located;
}

async function namesIn(folder: string): Promise<string[]> {
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
