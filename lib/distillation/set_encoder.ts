import type { PromptSet } from "#lib/bench/texts.ts";
import type { DataNotes } from "#lib/data/data_notes.ts";
import type { FittedPrompt } from "#lib/data/prompt.ts";
import type { ScoredSet } from "#lib/data/scored_sets.ts";
import { InputError } from "#lib/errors.ts";
import { type EncodedItem, type EncodedSet, encodeSet, type EncodingSettings } from "#lib/evaluation/encoded_set.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";

/** How the texts of a teacher and its student become ids. */
export interface SharedEncoding extends Omit<EncodingSettings, "eosId" | "remedy"> {
  /** Each ends a text; those of the data end with the first. */
  readonly eosIds: readonly number[];
  /** Ids from here on are not shared by teacher and student. */
  readonly actionCount: number;
  /** A longer response is cut. */
  readonly maxNewTokens: number;
  /** What sets the limits, for notes and messages: flags or settings. */
  readonly limits: { readonly prompt: string; readonly response: string };
  readonly say?: (message: string) => void;
}

/** Encodes sets for a teacher and its student, and notes what is left out or cut. */
export class SetEncoder {
  readonly notes: DataNotes;
  readonly #encoding: SharedEncoding;
  /** Of every prompt of the sets that were asked for. */
  readonly #answers = new Map<FittedPrompt, readonly number[]>();

  constructor(encoding: SharedEncoding, notes: DataNotes) {
    [this.#encoding, this.notes] = [encoding, notes];
  }

  /**
   * The ids of a set; prompts over the limit are left out.
   *
   * @throws {InputError} if nothing is left, or a text has ids that the two models do not share
   */
  async encode(set: ScoredSet): Promise<EncodedSet> {
    const { eosIds: [eosId], maxPromptTokens, limits, say } = this.#encoding;
    const remedy = limits.prompt.startsWith("--") ? undefined : `raise ${limits.prompt}`;
    const encoded = await encodeSet(set, { ...this.#encoding, eosId, remedy }, { say });
    const { longPrompts, emptyPrompts } = encoded.leftOut;
    const limit = `prompts are longer than ${maxPromptTokens} tokens (${limits.prompt}) and left out`;
    this.notes.count(set.name, longPrompts, set.records.length, limit);
    this.notes.count(set.name, emptyPrompts, set.records.length, "prompts have no token and are left out");
    this.#expectShared(encoded);
    return encoded;
  }

  /** A set to score on, or to take curves on. */
  promptsOf({ set, items }: EncodedSet): PromptSet {
    return {
      name: set.name,
      prompts: items.map(({ record, promptIds, referenceIds }) => {
        const prompt = { record: { ...record, response: record.references[0] }, promptIds };
        this.#answers.set(prompt, referenceIds);
        return prompt;
      }),
    };
  }

  /** The first reference to a prompt of these sets. */
  readonly answerIds = (prompt: FittedPrompt): readonly number[] => this.#answers.get(prompt)!;

  /** What is trained on, responses over the limit cut. @throws {InputError} if all are */
  trajectoriesOf({ set: { name }, items }: EncodedSet): Trajectory[] {
    const { maxNewTokens, limits: { response: setting } } = this.#encoding;
    const cut = items.filter(({ referenceIds }) => referenceIds.length > maxNewTokens).length;
    if (cut === items.length) {
      const shortest = items.reduce((least, { referenceIds: { length } }) => Math.min(least, length), Infinity);
      throw new InputError(
        `${name}: all ${cut} responses are longer than ${maxNewTokens} tokens, the shortest has ${shortest} with its ` +
          `end; raise ${setting}`,
      );
    }
    const limit = `responses are longer than ${maxNewTokens} tokens (${setting}) and cut: their ends are not learned`;
    this.notes.count(name, cut, items.length, limit);
    return items.map(({ promptIds, referenceIds }) => ({
      prompt: promptIds,
      response: referenceIds.slice(0, maxNewTokens),
    }));
  }

  #expectShared({ set: { name }, items }: EncodedSet): void {
    const { actionCount } = this.#encoding;
    const other = items.findIndex((item) => idsOf(item).some((ids) => ids.some((id) => id >= actionCount)));
    if (other < 0) return;
    throw new InputError(
      `${name}, record ${
        other + 1
      }: it has tokens that teacher and student do not share, with ids from ${actionCount} on`,
    );
  }
}

export function idsOf({ promptIds, referenceIds }: EncodedItem): [readonly number[], readonly number[]] {
  return [promptIds, referenceIds];
}
