import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { LanguageModel, PaddedTexts, TextLayout, TokenBatch } from "#lib/models/language_model.ts";

/** A prompt and what follows it, as token ids; the response ends with the end-of-text token unless it was cut. */
export interface Trajectory {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

/** Where a model's last hidden states at the response states of a batch lie in a table that holds them already. */
export interface StateLookup {
  readonly model: LanguageModel;
  /** `"M C"` */
  readonly table: Tensor;
  /** `"N"` u32 */
  readonly rows: Tensor;
}

/**
 * Trajectories on the GPU: texts for the model, padded on the right, and the states and actions of their responses packed into N rows
 * without padding. State s_t of trajectory b is the model's output at the token before y_t.
 */
export interface TrajectoryBatch {
  readonly tokens: TokenBatch;
  /** `"N"` u32: where each state lies among the B T outputs */
  readonly states: Tensor;
  /** `"N"` u32: y_t */
  readonly actions: Tensor;
  /** `"N"`: γ^(t−1) / N, so that a weighted sum is the discounted mean over response tokens; of a micro-batch, N is the whole step's */
  readonly weights: Tensor;
  /** `"N"`: 1 / N, for terms that carry their discount themselves */
  readonly evenWeights: Tensor;
  /** `"B 2"` u32: the first row and the end of each trajectory among the N */
  readonly rowSpans: Tensor;
  /** `"N"` u32, of a batch packed with `"after"`: where the states lie from which its tokens were chosen */
  readonly choices?: Tensor;
  /** Where the hidden states of models that do not learn are known already. */
  readonly known?: readonly StateLookup[];
}

/** How trajectories are packed. */
export interface Packing {
  /** Discount γ of the weights; default 1. */
  readonly gamma?: number;
  /**
   * `"before"` (the default): states s_t, from which y_t is chosen. `"after"`: the model's outputs at y_t itself, of which the last token
   * is one, for what is said of a token by those who have read it, such as its reward.
   */
  readonly seen?: "before" | "after";
  /** N of the weights, where the trajectories are only some of those that a mean is over; default their own response tokens. */
  readonly meanOver?: number;
}

/**
 * Packs trajectories as models of the layout read them; every prompt and response must have a token. The caller releases the tensors
 * (`releaseBatch`).
 */
export function packTrajectories(
  gpu: Gpu,
  trajectories: readonly Trajectory[],
  layout: TextLayout,
  { gamma = 1, seen = "before", meanOver = responseTokensOf(trajectories) }: Packing = {},
): TrajectoryBatch {
  if (trajectories.length === 0) throw new RangeError("Cannot pack no trajectories");
  trajectories.forEach(({ prompt, response }, b) => {
    if (prompt.length === 0 || response.length === 0) {
      throw new RangeError(`Cannot pack trajectory ${b}: it has no ${prompt.length === 0 ? "prompt" : "response"}`);
    }
  });
  // What stands before the first response token, in the text that the response is written in.
  const leads = trajectories.map(({ prompt }) => layout.kind === "oneText" ? prompt : [layout.startId]);
  // The last token predicts nothing that is counted, so the model need not see it before an action.
  const ahead = seen === "before" ? 1 : 0;
  const read = trajectories.map(({ response }, b) => [...leads[b], ...response.slice(0, response.length - ahead)]);
  const source = layout.kind === "oneText" ? undefined : padTexts(gpu, trajectories.map(({ prompt }) => prompt));
  const padded = padTexts(gpu, read);
  const tokens = padded.tokenIds.shape[1];
  const positions = Uint32Array.from({ length: read.length * tokens }, (_, i) => i % tokens);
  return {
    tokens: { ...padded, positions: gpu.upload(positions, padded.tokenIds.shape), source },
    ...packResponses(gpu, trajectories, {
      stateOf: (b, t) => b * tokens + leads[b].length - ahead + t,
      ...{ gamma, seen, meanOver },
    }),
  };
}

/**
 * Packs the trajectories of a step in micro-batches: their weighted sums add up to the means over the whole step.
 *
 * @param textsAtOnce trajectories of a micro-batch at most; default all
 */
export function packMicroBatches(
  gpu: Gpu,
  trajectories: readonly Trajectory[],
  layout: TextLayout,
  packing: Omit<Packing, "meanOver"> = {},
  textsAtOnce?: number,
): TrajectoryBatch[] {
  const whole = { ...packing, meanOver: responseTokensOf(trajectories) };
  return inGroups(trajectories, textsAtOnce).map((some) => packTrajectories(gpu, some, layout, whole));
}

/** Things in groups of `most` and a last one of what is left; default one group. */
export function inGroups<Thing>(things: readonly Thing[], most = Math.max(1, things.length)): (readonly Thing[])[] {
  return Array.from(
    { length: Math.ceil(things.length / most) },
    (_, group) => things.slice(group * most, (group + 1) * most),
  );
}

/** N of some trajectories. */
export function responseTokensOf(trajectories: readonly Trajectory[]): number {
  return trajectories.reduce((sum, { response }) => sum + response.length, 0);
}

/** Tokens that a model reads of a batch, padding and sources included. */
export function tokensOf({ tokens: { tokenIds, source } }: TrajectoryBatch): number {
  return elementCount(tokenIds.shape) + (source ? elementCount(source.tokenIds.shape) : 0);
}

/** Texts padded on the right with id 0. */
export function padTexts(gpu: Gpu, texts: readonly (readonly number[])[]): PaddedTexts {
  const tokens = Math.max(...texts.map(({ length }) => length));
  const ids = new Uint32Array(texts.length * tokens);
  texts.forEach((text, b) => ids.set(text, b * tokens));
  return {
    tokenIds: gpu.upload(ids, [texts.length, tokens]),
    spans: gpu.upload(Uint32Array.from(texts.flatMap(({ length }) => [0, length])), [texts.length, 2]),
  };
}

type ResponseRows = Omit<TrajectoryBatch, "tokens" | "known">;

function packResponses(
  gpu: Gpu,
  trajectories: readonly Trajectory[],
  { stateOf, gamma, seen, meanOver }: Required<Packing> & {
    /** The row of the model's outputs that is of token t of response b. */
    readonly stateOf: (b: number, t: number) => number;
  },
): ResponseRows {
  const count = responseTokensOf(trajectories);
  const states = new Uint32Array(count);
  const actions = new Uint32Array(count);
  const weights = new Float32Array(count);
  const rowSpans = new Uint32Array(2 * trajectories.length);
  let row = 0;
  trajectories.forEach(({ response }, b) => {
    rowSpans.set([row, row + response.length], 2 * b);
    response.forEach((action, t) => {
      states[row] = stateOf(b, t);
      actions[row] = action;
      weights[row] = gamma ** t / meanOver;
      row++;
    });
  });
  return {
    states: gpu.upload(states),
    actions: gpu.upload(actions),
    weights: gpu.upload(weights),
    evenWeights: gpu.upload(new Float32Array(count).fill(1 / meanOver)),
    rowSpans: gpu.upload(rowSpans, [trajectories.length, 2]),
    ...(seen === "after" && { choices: gpu.upload(states.map((state) => state - 1)) }),
  };
}

export function releaseBatch(gpu: Gpu, { tokens, known, ...rows }: TrajectoryBatch): void {
  const { source, ...read } = tokens;
  for (const tensor of [...Object.values(read), ...Object.values(rows)]) gpu.release(tensor);
  if (source) { for (const tensor of Object.values(source)) gpu.release(tensor); }
  for (const { rows } of known ?? []) gpu.release(rows);
}
