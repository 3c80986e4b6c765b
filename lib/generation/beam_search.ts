import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { MAX_TOP_TOKENS, topTokens } from "#kernels/top_tokens/top_tokens.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { type CachedModel, openCachedModel } from "./cached_model.ts";

export interface BeamSettings {
  /** Texts of each prompt that are kept at every step. */
  readonly beams: number;
  readonly maxNewTokens: number;
  readonly eosId: number;
  readonly padId: number;
  /** Scores are divided by length^lengthPenalty, the length in tokens, `eosId` included; 0 leaves the sum of log-probabilities. */
  readonly lengthPenalty: number;
}

/**
 * Searches the likeliest response to each prompt, keeping the best few beginnings at every step (Sutskever et al. 2014, arXiv 1409.3215),
 * their scores normalised by length (Wu et al. 2016, arXiv 1609.08144, without the constant 5).
 *
 * At each step the 2 · beams best continuations of a prompt's open texts are taken, by the sum of their log-probabilities; of equals
 * those of the better text, then of the smaller token. Those among the first `beams` that end with `eosId` are finished; the others fill
 * the open texts anew. A prompt is done when no open text can become better than the best finished one: sums only fall, and are divided
 * by no more than maxNewTokens^lengthPenalty. Texts that reach `maxNewTokens` count as they are.
 *
 * @returns the best response to each prompt, `eosId` included where it ended
 * @throws {RangeError} if `beams` is not from 1 to 16, or over half of the vocabulary, or a prompt is empty
 */
export async function beamSearch(
  gpu: Gpu,
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  settings: BeamSettings,
): Promise<number[][]> {
  const { beams, maxNewTokens } = settings;
  const most = Math.floor(Math.min(MAX_TOP_TOKENS, model.actionCount) / 2);
  if (!Number.isInteger(beams) || beams < 1 || beams > most) {
    throw new RangeError(`Cannot search with ${beams} beams: the number must be from 1 to ${most}`);
  }
  if (prompts.some(({ length }) => length === 0)) throw new RangeError("Cannot search: a prompt has no tokens");
  if (prompts.length === 0 || maxNewTokens === 0) return prompts.map(() => []);
  const searches = prompts.map(() => new PromptSearch(settings));
  using rows = new SearchRows(gpu, model, prompts, settings);
  for (let step = 0; step < maxNewTokens && searches.some(({ isDone }) => !isDone); step++) {
    const candidates = await rows.nextTokens(step);
    searches.forEach((search, i) => search.extend(candidates.slice(i * beams, (i + 1) * beams)));
    rows.take(searches.flatMap((search) => search.rows));
  }
  return searches.map((search) => search.best());
}

/** The likeliest next tokens of one row. */
interface Continuations {
  readonly tokens: ArrayLike<number>;
  readonly logProbs: ArrayLike<number>;
}

/** Where a row goes on: which row of the same prompt it continues, and with which token. */
interface NextRow {
  readonly parent: number;
  readonly token: number;
}

interface Hypothesis {
  readonly tokens: readonly number[];
  readonly logProb: number;
}

/** The search for one prompt's response. */
class PromptSearch {
  isDone = false;
  /** How each of the prompt's rows goes on. */
  rows: readonly NextRow[];
  readonly #settings: BeamSettings;
  #open: readonly Hypothesis[] = [{ tokens: [], logProb: 0 }];
  #finished: Hypothesis | undefined;

  constructor(settings: BeamSettings) {
    this.#settings = settings;
    this.rows = Array.from({ length: settings.beams }, (_, parent) => ({ parent, token: settings.padId }));
  }

  /** @param rows the continuations of each open text, in their order; those of further rows are not looked at */
  extend(rows: readonly Continuations[]): void {
    if (this.isDone) return;
    const { beams, eosId, padId, maxNewTokens } = this.#settings;
    const candidates = this.#open.flatMap(({ logProb }, parent) =>
      Array.from(rows[parent].tokens, (token, i) => ({ parent, token, logProb: logProb + rows[parent].logProbs[i] }))
    ).sort((a, b) => b.logProb - a.logProb || a.parent - b.parent || a.token - b.token).slice(0, 2 * beams);
    const text = ({ parent, token, logProb }: (typeof candidates)[number]): Hypothesis => ({
      tokens: [...this.#open[parent].tokens, token],
      logProb,
    });
    const ended = candidates.slice(0, beams).filter(({ token }) => token === eosId).map(text);
    const next = candidates.filter(({ token }) => token !== eosId).slice(0, beams);
    for (const hypothesis of ended) this.#finish(hypothesis);
    this.#open = next.map(text);
    // A row that no text needs repeats the first.
    this.rows = Array.from({ length: beams }, (_, i) => next[i] ?? { parent: 0, token: padId });
    const length = this.#open[0]?.tokens.length ?? maxNewTokens;
    this.isDone = length === maxNewTokens || this.#open.length === 0 || !this.#canImprove();
  }

  best(): number[] {
    const atEnd = this.#open.toSorted((a, b) => this.#score(b) - this.#score(a))[0];
    const isOpenBetter = !this.#finished || (atEnd && this.#score(atEnd) > this.#score(this.#finished));
    const length = atEnd?.tokens.length;
    return [...(isOpenBetter && length === this.#settings.maxNewTokens ? atEnd : this.#finished ?? atEnd).tokens];
  }

  #finish(hypothesis: Hypothesis): void {
    if (!this.#finished || this.#score(hypothesis) > this.#score(this.#finished)) this.#finished = hypothesis;
  }

  #canImprove(): boolean {
    if (!this.#finished) return true;
    const { maxNewTokens, lengthPenalty } = this.#settings;
    // A sum is negative: a longer text divides it by more, and so may score better.
    const bound = Math.max(...this.#open.map(({ logProb }) => logProb)) / maxNewTokens ** Math.max(0, lengthPenalty);
    return bound > this.#score(this.#finished);
  }

  #score({ tokens, logProb }: Hypothesis): number {
    return logProb / tokens.length ** this.#settings.lengthPenalty;
  }
}

/** The rows of all searches on the GPU, those of a prompt side by side. */
class SearchRows implements Disposable {
  readonly #gpu: Gpu;
  readonly #settings: BeamSettings;
  readonly #count: number;
  readonly #done: Tensor;
  readonly #model: CachedModel;
  /** The last token of every row, `"B 1"`. */
  #tokens: Tensor | undefined;

  constructor(gpu: Gpu, model: LanguageModel, prompts: readonly (readonly number[])[], settings: BeamSettings) {
    const { beams, maxNewTokens, padId } = settings;
    this.#gpu = gpu;
    this.#settings = settings;
    this.#count = prompts.length * beams;
    this.#done = gpu.upload(new Uint32Array(this.#count));
    const repeated = prompts.flatMap((prompt) => Array<readonly number[]>(beams).fill(prompt));
    this.#model = openCachedModel(gpu, model, { prompts: repeated, maxNewTokens, padId, done: this.#done });
  }

  /** The likeliest tokens to follow every row. */
  async nextTokens(step: number): Promise<Continuations[]> {
    using tape = new Tape(this.#gpu);
    const logits = step === 0 ? this.#model.readPrompts(tape) : this.#model.readToken(tape, this.#tokens!, step - 1);
    const width = 2 * this.#settings.beams;
    const top = topTokens(this.#gpu, logits.value, width);
    const [logProbs, tokens] = await this.#gpu.readAll([top.logProbs, top.tokens]);
    for (const tensor of [top.logProbs, top.tokens]) this.#gpu.release(tensor);
    return Array.from({ length: this.#count }, (_, row) => ({
      tokens: tokens.subarray(row * width, (row + 1) * width),
      logProbs: logProbs.subarray(row * width, (row + 1) * width),
    }));
  }

  /** Lets every row go on from a row of its prompt, with a token. */
  take(rows: readonly NextRow[]): void {
    const { beams } = this.#settings;
    const parents = rows.map(({ parent }, row) => Math.floor(row / beams) * beams + parent);
    const tensor = this.#gpu.upload(Uint32Array.from(parents));
    this.#model.reorder(tensor);
    this.#gpu.release(tensor);
    if (this.#tokens) this.#gpu.release(this.#tokens);
    this.#tokens = this.#gpu.upload(Uint32Array.from(rows, ({ token }) => token), [this.#count, 1]);
  }

  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
    this.#gpu.release(this.#done);
    if (this.#tokens) this.#gpu.release(this.#tokens);
  }
}
