import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { BpeTokenizer } from "./bpe_tokenizer.ts";
import { encodeResponse } from "./prompt.ts";
import type { TaskRecord } from "./task_records.ts";

/**
 * The special tokens of encoder-decoders, in the order of their ids. As in T5's own vocabulary, decoding starts from `<pad>`, id 0.
 */
export const TASK_TOKENS = ["<pad>", "<eos>", "<unk>"] as const;

/** What happens to a source over its limit: left out, cut at its end, or the run refused. */
export type LongSources = "drop" | "truncate" | "refuse";

export interface TaskLimits {
  /** Tokens of a source, `<eos>` included. */
  readonly maxSourceTokens: number;
  /** Tokens of a target, `<eos>` included. */
  readonly maxTargetTokens: number;
  readonly longSources: LongSources;
}

export interface FittedTask {
  readonly record: TaskRecord;
  /** The source as it is, without a prefix since a model has one task, then `<eos>`. */
  readonly sourceIds: readonly number[];
  readonly targetIds: readonly number[];
}

export interface FittedTasks {
  readonly examples: readonly FittedTask[];
  /** Records left out because their source is over the limit. */
  readonly droppedSources: number;
  /** Records whose source was cut to the limit. */
  readonly truncatedSources: number;
  /** Records left out of training because their target is over the limit; scoring keeps them. */
  readonly droppedTargets: number;
}

/**
 * Encodes records, and fits their sources within the limit. For training, a record whose target is over its limit is left out: a
 * model that learned from a cut text would learn not to end.
 *
 * @throws {InputError} where `longSources` is `refuse`: which record, how long it is, and what the limit is
 */
export function fitTask(
  tokenizer: BpeTokenizer,
  records: readonly TaskRecord[],
  { purpose, ...limits }: TaskLimits & { readonly purpose: "training" | "scoring" },
): FittedTasks {
  const examples: FittedTask[] = [];
  let [droppedSources, truncatedSources, droppedTargets] = [0, 0, 0];
  records.forEach((record, index) => {
    const whole = encodeResponse(tokenizer, record.source);
    const sourceIds = fitSource(whole, limits, `source ${index + 1} ("${excerpt(record.source, 40)}")`);
    if (sourceIds === undefined) {
      droppedSources++;
      return;
    }
    const targetIds = encodeResponse(tokenizer, record.target);
    if (purpose === "training" && targetIds.length > limits.maxTargetTokens) {
      droppedTargets++;
      return;
    }
    if (sourceIds.length < whole.length) truncatedSources++;
    examples.push({ record, sourceIds, targetIds });
  });
  return { examples, droppedSources, truncatedSources, droppedTargets };
}

/** A source within the limit, cut before its `<eos>`; undefined where it is to be dropped. */
function fitSource(ids: readonly number[], { maxSourceTokens, longSources }: TaskLimits, where: string) {
  if (ids.length <= maxSourceTokens) return ids;
  if (longSources === "drop") return undefined;
  if (longSources === "truncate") return [...ids.slice(0, maxSourceTokens - 1), ids[ids.length - 1]];
  throw new InputError(
    `${where} has ${ids.length} tokens, over maxSourceTokens ${maxSourceTokens}; raise it, or set longSources to drop or truncate`,
  );
}
