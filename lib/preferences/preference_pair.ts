import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";

/** Two responses to one prompt, as token ids, and how surely the first is preferred. */
export interface PreferencePair {
  readonly prompt: readonly number[];
  /** Each ends with the end-of-text token unless it was cut. */
  readonly texts: readonly [first: readonly number[], second: readonly number[]];
  /** P(first ≻ second | prompt): 1 or 0 where the oracle decides, 0.5 for a tie, any number between for a soft label. */
  readonly label: number;
  /** By how much the first text is better by the task's metric, a fraction; where a method asks for it. */
  readonly qualityGap?: number;
  /** Who says so, as in `metric`. */
  readonly oracle: string;
  /** The round of training that drew the pair, from 1; 0 for pairs that were there before. */
  readonly round: number;
}

/** Both texts of every pair, to be packed as one batch: rows 2n and 2n + 1 are the first and the second text of pair n. */
export function trajectoriesOf(pairs: readonly Pick<PreferencePair, "prompt" | "texts">[]): Trajectory[] {
  return pairs.flatMap(({ prompt, texts }) => texts.map((response) => ({ prompt, response })));
}

/** Names a prompt in a map. */
export function keyOfPrompt(prompt: readonly number[]): string {
  return prompt.join();
}
