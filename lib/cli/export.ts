import { adapterName } from "#kernels/runtime/adapter.ts";
import type { HandedOver } from "#lib/bench/experiment.ts";
import type { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { formatHuggingFaceTokenizer } from "#lib/data/hugging_face_tokenizer.ts";
import { hasCheckpoints } from "#lib/distillation/checkpoint_task.ts";
import { InputError } from "#lib/errors.ts";
import { writeModel } from "#lib/models/checkpoint.ts";
import type { CellScore } from "#lib/results/cell_result.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { recordAt } from "#lib/results/provenance.ts";
import { removeIfThere, writeAtomically } from "#lib/results/storage.ts";
import { addressOf, type Cell, cellAt, cellKeyOf, fullAddressOf, settingsOf } from "#lib/runner/cell.ts";
import { codeVersion } from "#lib/results/git_repository.ts";
import { LocalComputer } from "#lib/runner/compute_cell.ts";
import { openKnown, readKnown } from "#lib/runner/known_results.ts";
import { cellPath } from "#lib/runner/snapshot_file.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import { recordGolden } from "#lib/verification/record_golden.ts";
import { CellProgress } from "./cell_progress.ts";
import { defineCommand } from "./command.ts";
import { fromCaller } from "./command_line.ts";
import { expectNothingIn } from "#lib/results/empty_folder.ts";
import { expectTrained, writeTrainedCheckpoint } from "./export_checkpoint.ts";
import { formatModelCard, type ModelCard } from "./model_card.ts";
import { ProgressLine } from "./progress_line.ts";
import { DEFAULT_CHECKPOINT_SECONDS, givenArguments, SHOWN_FLAGS, shownResults } from "./results_flags.ts";

/** Texts that are offered to be recorded as goldens. */
const GOLDEN_TEXTS = 4;
/** Words that no training text holds, so that scaffolds and unknown bytes are left over. */
const ODD_TEXT = " the quixotic zymurgist's 1,024  kniferest\n\tdéjà vu – 東京 🦜";

export const exportModel = defineCommand({
  name: "export",
  positional: { name: "CELL DIR", kind: "text", min: 2, max: 2 },
  stopsByItself: true,
  flags: { ...SHOWN_FLAGS, quiet: { kind: "switch", help: "shows no progress" } },
  async run({ positional: [address, given], flags }, context) {
    const { terminal, stop } = context;
    const folder = fromCaller(given, context.callerFolder);
    const { place, present, profile, allExperiments } = await shownResults([], flags, context);
    const cell = cellAt(address, allExperiments);
    expectNothingIn(folder);
    const settings = settingsOf(cell, profile);
    expectTrained(cell, settings);
    const line = new ProgressLine({ terminal, quiet: flags.quiet });
    const progress = new CellProgress(cell, () => performance.now());
    const show = () => line.update(() => progress.text());
    const exported: { written?: Written } = {};
    try {
      await using computer = await LocalComputer.open({
        ...{ resultsFolder: place.resultsFolder, profileName: place.profileName, present, stop },
        watcher: {
          say: (_, message) => (progress.say(message), show()),
          progress: (_, training) => (progress.progress(training), show()),
          note: (message) => line.note(message),
        },
        dataFolder: flags.data,
        checkpointSeconds: DEFAULT_CHECKPOINT_SECONDS,
        otherArguments: givenArguments(flags),
        async handOver(trained) {
          exported.written = hasCheckpoints(settings)
            ? await writeTrainedCheckpoint(folder, trained, cell, settings)
            : await writeTrained(folder, trained, settings.data.maxNewTokens);
        },
      });
      const { result, description } = await computer.compute(cell);
      const { written } = exported;
      if (!written) throw new InputError(`${address}: this cell trains no model`);
      const { agrees, comparison } = await compareWithRecorded(place, cell, result.scores, written.adapter);
      const card = formatModelCard({
        ...{ cell, profileName: place.profileName, settings, scores: result.scores, comparison, data: description },
        ...written,
        code: await codeVersion(),
        command: shellCommand(["export", address, given, ...givenArguments(flags)]),
      });
      await writeAtomically(`${folder}/README.md`, card);
      await removeIfThere(cellPath(place, cell));
      line.end();
      terminal.report(`${comparison}\n`);
      terminal.print(`${folder}: ${fullAddressOf(cell)}; check it: ${shellCommand(["verify", given])}`);
      return agrees ? 0 : 1;
    } catch (error) {
      // What has been written of a model that will not be whole would be in the way of the next try.
      if (exported.written) await Deno.remove(folder, { recursive: true }).catch(() => {});
      throw error;
    } finally {
      line.end();
    }
  },
});

/** What the model card says of the files beside it. */
type Written = Pick<ModelCard, "adapter" | "tokenizer" | "isDecoder">;

/** Writes everything but the model card. */
async function writeTrained(folder: string, { gpu, model, texts }: HandedOver, maxNewTokens: number): Promise<Written> {
  const { eosIds: [eosId], padId } = texts;
  const tokenizer = ownTokenizer(texts);
  const isDecoder = model.layout.kind === "oneText";
  const golden = await recordGolden(
    gpu,
    model,
    texts.evaluation[0].prompts.slice(0, GOLDEN_TEXTS).map((prompt) => ({
      prompt: prompt.promptIds,
      response: texts.answerIds(prompt).slice(0, maxNewTokens),
    })),
  );
  const formatted = formatHuggingFaceTokenizer(tokenizer, model.config.vocabSize);
  const unknown = tokenizer.toJSON().specialTokens.includes("<unk>") ? { unk_token: "<unk>" } : {};
  const files: Record<string, unknown> = {
    "tokenizer.json": formatted.json,
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      ...{ eos_token: "<eos>", pad_token: "<pad>", ...unknown },
      clean_up_tokenization_spaces: false,
      ...(formatted.scaffoldCount > 0 ? { first_scaffold_id: formatted.firstScaffold } : {}),
      ...(isDecoder ? { model_max_length: texts.maxPositions } : {}),
    },
    "generation_config.json": {
      ...{ eos_token_id: eosId, pad_token_id: padId, max_new_tokens: maxNewTokens },
      ...(model.layout.kind === "oneText" ? {} : { decoder_start_token_id: model.layout.startId }),
    },
    "golden.json": { ...golden.json, encoded: encodedTexts(texts) },
  };
  await writeModel(model, folder, { bos_token_id: null, eos_token_id: eosId, pad_token_id: padId });
  await writeAtomically(`${folder}/golden.safetensors`, golden.tensors);
  for (const [name, content] of Object.entries(files)) {
    await writeAtomically(`${folder}/${name}`, `${JSON.stringify(content, null, 2)}\n`);
  }
  return { adapter: adapterName(gpu.adapterInfo), tokenizer: formatted, isDecoder };
}

/** The tokenizer that was trained for the cell's texts, as all cells have one whose models are of sizes. */
function ownTokenizer({ codec }: HandedOver["texts"]): BpeTokenizer {
  if (codec instanceof ProjectCodec) return codec.tokenizer;
  throw new RangeError("Cannot export: the model reads the tokenizer of a checkpoint");
}

/** Texts with their ids, among them words and letters that no training text has: for another reader of `tokenizer.json`. */
function encodedTexts(texts: HandedOver["texts"]): { text: string; ids: number[] }[] {
  const tokenizer = ownTokenizer(texts);
  const known = texts.evaluation[0].prompts.slice(0, GOLDEN_TEXTS).map(({ record }) => ` ${record.references[0]}`);
  return [...known, ODD_TEXT].map((text) => ({ text, ids: tokenizer.encode(text) }));
}

/** Whether the scores are those that are recorded, as far as this adapter has to give them, and how to say it. */
async function compareWithRecorded(
  place: ResultsPlace,
  cell: Cell,
  scores: readonly CellScore[],
  adapter: string,
): Promise<{ agrees: boolean; comparison: string }> {
  const where = `${place.resultsFolder}/${place.profileName}`;
  const folder = await openKnown(place, cell.experiment, await readKnown(place, cell.experiment));
  const recorded = new Map(
    folder.resultOf(cellKeyOf(cell)).scores.map(({ dataset, metric, value }) => [`${dataset} ${metric}`, value]),
  );
  if (recorded.size === 0) return { agrees: true, comparison: `No scores of the cell are recorded in ${where}.` };
  // As scores.csv holds them.
  const differing = scores.filter(({ dataset, metric, value }) =>
    recorded.get(`${dataset} ${metric}`) !== Number(value.toFixed(6))
  );
  if (differing.length === 0) {
    return { agrees: true, comparison: `All ${scores.length} scores equal those recorded in ${where}.` };
  }
  const other = recordAt(folder.provenance, addressOf(cell))?.environment.adapter;
  const [{ dataset, metric, value }] = differing;
  const first = `${dataset} ${metric} is ${value.toFixed(6)}, recorded ${
    recorded.get(`${dataset} ${metric}`) ?? "none"
  }`;
  const why = other === undefined || other === adapter ? "" : `; those are of another adapter, ${other}`;
  const counts = `${differing.length} of ${scores.length} scores differ from those recorded in ${where}`;
  return { agrees: why !== "", comparison: `${counts}${why}: ${first}.` };
}
