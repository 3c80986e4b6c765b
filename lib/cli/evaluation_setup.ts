import { readScoredSets, type ScoredSet } from "#lib/data/scored_sets.ts";
import { expectKnown } from "#lib/bench/suggestion.ts";
import { InputError } from "#lib/errors.ts";
import { locateData } from "#lib/hub/locate_data.ts";
import { type EncodedSet, encodeSet } from "#lib/evaluation/encoded_set.ts";
import { EVALUATION_METRICS, metricsOf, needsAnswers } from "#lib/evaluation/evaluate.ts";
import type { Flags, FlagValues } from "./command.ts";
import { expectNothingIn } from "#lib/results/empty_folder.ts";
import { templateFor } from "./evaluation_template.ts";
import { CELL_FLAGS, type ModelTexts } from "./open_model.ts";
import type { ProgressLine } from "./progress_line.ts";

export const DEFAULT_SEED = 10;
export const DEFAULT_BATCH = 8;
/** As MiniLLM and DistiLLM: 512 tokens, half of them the answer's. */
const DEFAULT_NEW_TOKENS = 256;
/** Of a model whose positions have no end: the source of T5's training. */
const DEFAULT_SOURCE_TOKENS = 512;

export const EVALUATE_FLAGS = {
  data: {
    kind: "text",
    value: "DATA",
    help: "evaluation sets, tasks, prompts, or texts; a data set of the hub's cache",
  },
  metrics: {
    kind: "names",
    value: "M,M",
    help: `of ${EVALUATION_METRICS.join(", ")}; default that of the data, and perplexity`,
  },
  "max-new-tokens": { kind: "count", value: "N", help: `tokens of an answer; default ${DEFAULT_NEW_TOKENS}` },
  "max-prompt-tokens": {
    kind: "count",
    value: "N",
    help: "longer prompts are left out; default what answers leave room for",
  },
  "texts-at-once": { kind: "count", value: "N", help: `texts at once; default ${DEFAULT_BATCH}` },
  samples: { kind: "count", value: "N", help: "samples N answers to each prompt; default one, greedily" },
  seed: { kind: "seeds", value: "S", help: `of the samples, S, S + 1, …; default ${DEFAULT_SEED}` },
  limit: { kind: "count", value: "N", help: "only the first N records of each set" },
  chat: { kind: "switch", help: "prompts by the checkpoint's chat template" },
  prefix: { kind: "text", value: "TEXT", help: "in front of every instruction, as in 'summarize: '" },
  bos: { kind: "switch", help: "begins every prompt with the tokenizer's beginning of a text" },
  out: { kind: "path", value: "DIR", help: "writes scores, items and answers, for `diff`" },
  "dry-run": { kind: "switch", help: "encodes the data and says what would be scored" },
  json: { kind: "switch", help: "prints JSON" },
  quiet: { kind: "switch", help: "shows no progress" },
  ...CELL_FLAGS,
} as const satisfies Flags;

export type EvaluateFlags = FlagValues<typeof EVALUATE_FLAGS>;

/** @throws {InputError} for values that no model could be scored with */
export function checkFlags(flags: EvaluateFlags): void {
  if (flags.data === undefined) {
    throw new InputError("evaluate needs --data DIR, a folder or file to score on; ./run evaluate --help shows more");
  }
  for (const name of ["max-new-tokens", "max-prompt-tokens", "texts-at-once", "samples", "limit"] as const) {
    if (flags[name] === 0) throw new InputError(`--${name} 0: must be at least 1`);
  }
  for (const metric of flags.metrics ?? []) expectKnown("metric", metric, EVALUATION_METRICS);
  if (flags.seed !== undefined && flags.samples === undefined) {
    throw new InputError("--seed draws nothing without --samples N: one answer to each prompt is greedy");
  }
  if ((flags.seed?.length ?? 1) > 1) throw new InputError("--seed takes one seed; --samples N counts on from it");
  if (flags.chat && flags.bos) throw new InputError("--bos: a chat template spells the beginning of a text itself");
  if (flags.out !== undefined) expectNothingIn(flags.out);
}

/** The sets that `--data` has, cut to `--limit`. @throws {InputError} if a metric is asked for that one cannot have */
export async function readSets(
  { data, limit, metrics }: EvaluateFlags,
  callerFolder: string | undefined,
): Promise<ScoredSet[]> {
  const { path } = await locateData(data!, { caller: callerFolder });
  const sets = (await readScoredSets(path)).map((set) => ({ ...set, records: set.records.slice(0, limit) }));
  const unanswered = metrics?.find(needsAnswers);
  const text = sets.find(({ form }) => form === "text");
  if (text && unanswered !== undefined) {
    throw new InputError(
      `${text.name}: --metrics ${unanswered} is of answers, but texts without a prompt have perplexity alone`,
    );
  }
  return sets;
}

/** What the flags and the model leave for prompts and answers. */
export function limitsOf({ maxPositions }: ModelTexts, sets: readonly ScoredSet[], flags: EvaluateFlags) {
  const asks = sets.some((set) => (flags.metrics ?? metricsOf(set)).some(needsAnswers));
  const room = Number.isFinite(maxPositions) ? maxPositions : 2 * DEFAULT_SOURCE_TOKENS;
  const maxNewTokens = flags["max-new-tokens"] ?? Math.min(DEFAULT_NEW_TOKENS, Math.floor(room / 2));
  const most = Number.isFinite(maxPositions) ? maxPositions - (asks ? maxNewTokens : 1) : Infinity;
  if (most < 1) {
    throw new InputError(
      `--max-new-tokens ${maxNewTokens}: the model has ${maxPositions} positions, of which prompts need some`,
    );
  }
  const given = flags["max-prompt-tokens"];
  if (given !== undefined && given > most) {
    throw new InputError(
      `--max-prompt-tokens ${given}: with answers of ${maxNewTokens} tokens at most ${most} of the model's ${maxPositions} positions are left`,
    );
  }
  return {
    maxNewTokens,
    maxPromptTokens: given ?? (Number.isFinite(most) ? most : DEFAULT_SOURCE_TOKENS),
  };
}

/** What a model reads of the sets. @throws {InputError} if nothing is left of one, or a flag does not go with the model */
export async function encodeSets(
  sets: readonly ScoredSet[],
  texts: ModelTexts,
  flags: EvaluateFlags,
  line: ProgressLine,
): Promise<EncodedSet[]> {
  const { codec, layout, eosIds: [eosId], maxPositions, folder } = texts;
  const { maxPromptTokens } = limitsOf(texts, sets, flags);
  const { bos } = codec.specialIds;
  if (flags.bos && bos === undefined) throw new InputError("--bos: the tokenizer has no token that begins a text");
  const encoded: EncodedSet[] = [];
  for (const set of sets) {
    line.update(() => `encodes ${set.name}: ${set.records.length} records`, true);
    const template = await templateFor(set, { codec, folder, layout, chat: flags.chat, prefix: flags.prefix ?? "" });
    const settings = {
      codec,
      template,
      layout,
      eosId,
      maxPromptTokens,
      maxPositions,
      bosId: flags.bos ? bos : undefined,
    };
    encoded.push(await encodeSet(set, settings, { say: (message) => line.note(message) }));
  }
  return encoded;
}

/** A line of `--dry-run`. */
export function describeEncoded({ set, items, fits, leftOut }: EncodedSet): string {
  const tokens = (idsOf: (item: EncodedSet["items"][number]) => readonly number[]) =>
    items.reduce((sum, item) => sum + idsOf(item).length, 0);
  const [prompts, references] = [tokens(({ promptIds }) => promptIds), tokens(({ referenceIds }) => referenceIds)];
  const unfit = fits.filter((fit) => !fit).length;
  const left = leftOut.longPrompts + leftOut.emptyPrompts + leftOut.shortTexts;
  return `${set.name}: ${items.length} of ${set.records.length} records (${set.form}), ${prompts} tokens of prompts, ` +
    `${references} tokens of references` +
    (left > 0 ? `; ${left} are too long or too short` : "") +
    (unfit > 0 ? `; ${unfit} references do not fit beside their prompt` : "");
}
