import { InputError } from "#lib/errors.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Resumable, SavedPart } from "#lib/training/resumable.ts";
import { type BatchPosition, TextBatches } from "#lib/training/text_batches.ts";
import { keyOfPrompt, type PreferencePair } from "./preference_pair.ts";
import { type Side, sidesOfPrompts } from "./split_pairs.ts";

export interface PreferenceDataOptions {
  readonly seed: number;
  /** Pairs of a batch. */
  readonly batchSize: number;
  /** Share of the prompts whose pairs are held out, from 0 up to 1. */
  readonly heldOutShare: number;
}

/** The pairs of each round so far, and where the stream of batches of the latest one stands. */
export interface PreferenceState {
  readonly rounds: readonly (readonly PreferencePair[])[];
  /** Null before the first round. */
  readonly batches: BatchPosition | null;
}

/** A pair as something to be batched by length: a batch is padded to the longest of its texts. */
interface BatchedPair {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
  readonly pair: PreferencePair;
}

/**
 * The data set D of preference-based distillation: D ← D ∪ the pairs of each round. A share of the prompts is held out, for the reward's
 * fit to stop early by; batches are drawn from the others, without end, those of every round so far. Split and batches depend on the
 * seed and the rounds' pairs alone. Its state is the pairs and where the batches stand.
 */
export class PreferenceData implements Resumable<PreferenceState> {
  readonly #options: PreferenceDataOptions;
  #rounds: readonly (readonly PreferencePair[])[] = [];
  #sides: ReadonlyMap<string, Side> = new Map();
  #batches: TextBatches<BatchedPair> | undefined;

  /** @throws {RangeError} unless the batch has a pair at least and the share leaves some to fit on */
  constructor(options: PreferenceDataOptions) {
    const { batchSize, heldOutShare } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`Cannot draw pairs: batchSize is ${batchSize} but must be a positive integer`);
    }
    if (!(heldOutShare >= 0 && heldOutShare < 1)) {
      throw new RangeError(`Cannot hold pairs out: heldOutShare is ${heldOutShare} but must be from 0 up to 1`);
    }
    this.#options = options;
  }

  /**
   * Adds a round's pairs. Batches are then drawn from all rounds, in an order of its own for each round.
   *
   * @throws {InputError} if there are none, or all pairs of the first round are of one prompt and some are to be held out
   */
  add(pairs: readonly PreferencePair[]): void {
    const { seed, batchSize, heldOutShare } = this.#options;
    const round = this.#rounds.length + 1;
    if (pairs.length === 0) throw new InputError(`preferences: round ${round} has no pair to learn from`);
    const split = new RandomStream(seed, `held-out pairs, round ${round}`);
    this.#sides = sidesOfPrompts(pairs, heldOutShare, split, this.#sides);
    this.#rounds = [...this.#rounds, pairs];
    const batched = this.fitting.map((pair): BatchedPair => {
      const [first, second] = pair.texts;
      return { prompt: pair.prompt, response: first.length > second.length ? first : second, pair };
    });
    this.#batches = new TextBatches(batched, batchSize, new RandomStream(seed, `batches of pairs, round ${round}`));
  }

  /** All pairs, those of earlier rounds first. */
  get pairs(): readonly PreferencePair[] {
    return this.#rounds.flat();
  }

  /** Those that rewards are fitted on. */
  get fitting(): readonly PreferencePair[] {
    return this.#onSide("fitting");
  }

  /** Those of prompts that no batch holds. */
  get heldOut(): readonly PreferencePair[] {
    return this.#onSide("heldOut");
  }

  /** Rounds added so far. */
  get rounds(): number {
    return this.#rounds.length;
  }

  /**
   * The next batch of pairs to fit on.
   *
   * @throws {RangeError} before the first round
   */
  next(): readonly PreferencePair[] {
    if (!this.#batches) throw new RangeError("Cannot draw pairs: no round was added");
    return this.#batches.next().map(({ pair }) => pair);
  }

  state(): { readonly values: PreferenceState } {
    return { values: { rounds: this.#rounds, batches: this.#batches?.state().values ?? null } };
  }

  restore({ values: { rounds, batches } }: SavedPart<PreferenceState>): void {
    [this.#rounds, this.#sides, this.#batches] = [[], new Map(), undefined];
    for (const pairs of rounds) this.add(pairs);
    if ((batches === null) !== (this.#batches === undefined)) {
      throw new RangeError(
        `it has ${rounds.length} rounds, but ${batches === null ? "no" : "a"} place in their batches`,
      );
    }
    if (batches !== null) this.#batches!.restore({ values: batches, arrays: {} });
  }

  #onSide(side: Side): readonly PreferencePair[] {
    return this.pairs.filter(({ prompt }) => this.#sides.get(keyOfPrompt(prompt)) === side);
  }
}
