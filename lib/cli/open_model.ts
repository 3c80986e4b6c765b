import { Gpu, type GpuOptions } from "#kernels/runtime/gpu.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { InputError } from "#lib/errors.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import {
  type FileSource,
  folderTexts,
  locateModel,
  maxPositionsOf,
  type ModelTexts,
  sourceOf,
} from "#lib/models/model_folder.ts";
import { type Cell, cellAt, fullAddressOf } from "#lib/runner/cell.ts";
import { LocalComputer } from "#lib/runner/compute_cell.ts";
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

export type { ModelTexts };

/** Where a model came from, for provenance. */
export type ModelSource = FileSource | { readonly cell: string; readonly profile: string };

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
 * Opens what a person names as MODEL, for as long as `use` takes: a folder, `ORG/NAME[@REVISION]` in the hub's cache, an adapter of either (`BASE+ADAPTER`), or a cell of the
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
  const located = await locateModel(word, context.callerFolder);
  options.line.update(() => `reads ${word}`, true);
  // The small files first: what is wrong with them is said before the large ones are read.
  const texts = await folderTexts(located);
  await using gpu = await Gpu.open(options.gpu);
  // Of padded tables, the ids alone that the tokenizer has.
  const settings = { actionCount: texts.codec.vocabSize, base: located.base?.folder };
  using model = await readModel(gpu, located.folder, settings);
  return await use({ ...texts, gpu, model, source: () => sourceOf(located) });
}

/**
 * The same without its weights, and without a GPU.
 *
 * @throws {InputError} also for a cell, whose tokenizer is made where it is trained
 */
export async function openTexts(word: string, context: ModelOptions["context"]): Promise<ModelTexts> {
  if (!namesCell(word, context)) return await folderTexts(await locateModel(word, context.callerFolder));
  throw new InputError(`${word}: a cell has no tokenizer before it is trained; name a folder or a model of the hub`);
}

/** Whether a word is the address of a cell: its first part an experiment, at least two more, and no folder of that path. */
export function namesCell(word: string, { experiments, callerFolder }: ModelOptions["context"]): boolean {
  const [name, ...rest] = word.split("/");
  return rest.length >= 2 && experiments.some((experiment) => experiment.name === name) &&
    !isFolder(fromCaller(word, callerFolder));
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
