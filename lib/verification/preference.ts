import type { Gpu } from "#kernels/runtime/gpu.ts";
import { spanSum } from "#kernels/span_sum/span_sum.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { logLikelihood, pairAccuracy, rewardLogits } from "#lib/objectives/preference/bradley_terry.ts";
import { afterAscent, roomWithin } from "#lib/objectives/preference/confidence_set.ts";
import { likeliest } from "#lib/objectives/preference/dpkd.ts";
import { actionLogProb } from "#lib/objectives/states.ts";
import { type Check, checkLoss, checkLosses, checkTensor } from "./check.ts";
import { type RecordedMdp, verifyPreferenceMdp } from "./preference_mdp.ts";
import { type PreferenceSettings, type PreferenceTerm, PreferenceTerms } from "./preference_terms.ts";
import { countedValues, labelsOf, readRecordedPairs, type RecordedPairs } from "./recorded_pairs.ts";

interface RecordedMultiplier {
  readonly rate: number;
  readonly start: number;
  readonly max_log_likelihood_mean_at_start: number;
  readonly steps: readonly {
    readonly log_likelihood_mean: number;
    readonly violation: number;
    readonly multiplier: number;
    readonly max_after: number;
  }[];
}

interface GoldenPreference {
  readonly formulas: { readonly gamma: number };
  readonly values: PreferenceSettings & { readonly multiplier: RecordedMultiplier } & Readonly<Record<string, unknown>>;
  readonly mdp: RecordedMdp;
}

const SETTINGS: ReadonlySet<string> = new Set<keyof PreferenceSettings>([
  ...["dpo.beta", "dpkd.beta", "plad.ranking_margin", "plad.margin_scale"] as const,
  ...["leave_one_out.texts_per_prompt", "lagrangian"] as const,
]);

/**
 * Checks the objectives of preferences, their gradients, the multiplier's steps and an enumerated problem against what PyTorch and Python
 * recorded in float64.
 */
export async function verifyPreference(gpu: Gpu, folder: string): Promise<Check[]> {
  const { formulas, values, mdp } = await readJsonFile(`${folder}/golden.json`) as GoldenPreference;
  const file = await SafeTensorsFile.read(`${folder}/golden.safetensors`);
  const recorded = readRecordedPairs(gpu, file, formulas.gamma);
  const terms = new PreferenceTerms(gpu, recorded, values);
  const [losses, parts] = [terms.losses(), partsOf(gpu, recorded, terms, values)];
  const checks: Check[] = [];
  for (const [name, expected] of Object.entries(values)) {
    if (SETTINGS.has(name)) continue;
    if (name === "multiplier") checks.push(...multiplierChecks(values.multiplier, values.lagrangian.slack_per_pair));
    else if (losses[name]) checks.push(...await lossChecks(gpu, recorded, name, losses[name], expected as number));
    else if (parts[name]) checks.push(checkLosses(name, await parts[name](), numbersIn(expected)));
    else checks.push({ name, status: "FAIL", note: "no objective of preferences has this name" });
  }
  return [...checks, ...verifyPreferenceMdp(mdp)];
}

/** A loss, and its gradient wherever the recorded table has one: 0 at tokens that do not count. */
async function lossChecks(
  gpu: Gpu,
  { file, counted: all, firstTexts, vocabSize }: RecordedPairs,
  name: string,
  { input, value }: PreferenceTerm,
  expected: number,
): Promise<Check[]> {
  const counted = input === "dpkd_student_logits" ? firstTexts.counted : all;
  const width = input === "rewards" ? 1 : vocabSize;
  const shape = input === "rewards" ? [counted.length] : [counted.length, width];
  using store = new ParameterStore(gpu, [{ name: input, shape, decayed: false, initial: zeros }], () => 0);
  gpu.write(store.get(input).value, countedValues(file, input, counted, width));
  using tape = new Tape(gpu, { learning: [store] });
  const loss = value(tape, tape.parameter(store.get(input)));
  store.zeroGradients();
  tape.backward(loss);
  const [[actual], gradient] = await gpu.readAll([loss.value, store.get(input).gradient]);
  const checks = [checkLoss(name, actual, expected)];
  const gradientName = file.names.find((each) => each.startsWith(`grad.${name}.`));
  if (gradientName !== undefined) {
    const recorded = file.f32(gradientName);
    const everywhere = new Float32Array(recorded.length);
    counted.forEach((token, row) => everywhere.set(gradient.subarray(row * width, (row + 1) * width), token * width));
    checks.push(checkTensor(`gradient of ${name}`, everywhere, recorded));
  }
  return checks;
}

type Parts = Readonly<Record<string, () => Promise<ArrayLike<number>>>>;

/** What the losses are made of, by recorded name. */
function partsOf(gpu: Gpu, recorded: RecordedPairs, terms: PreferenceTerms, settings: PreferenceSettings): Parts {
  const read = async (value: (tape: Tape) => Variable) => {
    using tape = new Tape(gpu);
    return await gpu.read(value(tape).value);
  };
  return { ...rewardParts(gpu, recorded, terms, read), ...policyParts(gpu, recorded, terms, settings, read) };
}

type Read = (value: (tape: Tape) => Variable) => Promise<ArrayLike<number>>;

function rewardParts(gpu: Gpu, { file, pairs, rows }: RecordedPairs, terms: PreferenceTerms, read: Read): Parts {
  const labels = file.f32("labels");
  const logits = (tape: Tape) => rewardLogits(tape, terms.constant(tape, "rewards"), rows, terms.reward);
  const meanLikelihood = async () => (await read((tape) => logLikelihood(tape, logits(tape), rows)))[0];
  const advantage = (b: "teacher" | "student") => (tape: Tape) =>
    terms.advantageLogits(tape, terms.constant(tape, "q"), b);
  const advantageLikelihood = (b: "teacher" | "student") => () =>
    read((tape) => logLikelihood(tape, advantage(b)(tape), rows));
  return {
    "bt.logits": () => read(logits),
    "bt.per_pair": () =>
      Promise.all(Array.from(labels, async (_, pair) => {
        const alone = labelsOf(gpu, labels, (n) => n === pair ? 1 : 0);
        return -(await read((tape) => logLikelihood(tape, logits(tape), alone)))[0];
      })),
    "bt.log_likelihood_mean": async () => [await meanLikelihood()],
    "bt.log_likelihood_sum": async () => [pairs * await meanLikelihood()],
    "bt.paper_L": async () => [pairs / 2 * await meanLikelihood()],
    "bt.accuracy": async () => [pairAccuracy(await read(logits), labels)],
    "advantage.teacher.logits": () => read(advantage("teacher")),
    "advantage.student.logits": () => read(advantage("student")),
    "advantage.teacher.log_likelihood_mean": advantageLikelihood("teacher"),
    "advantage.student.log_likelihood_mean": advantageLikelihood("student"),
  };
}

function policyParts(
  gpu: Gpu,
  { file, rows, firstTexts }: RecordedPairs,
  terms: PreferenceTerms,
  settings: PreferenceSettings,
  read: Read,
): Parts {
  const [labels, quality] = [file.f32("labels"), file.f32("quality")];
  const scores = () =>
    read((tape) => {
      const x = actionLogProb(tape, terms.constant(tape, "student_logits"), rows);
      return tape.apply(spanSum, { x, spans: tape.constant(rows.rowSpans) }, { gamma: 1, of: "mean" });
    });
  /** Which pairs' winners do not lead by what is asked of them. */
  const behind = async (asked: (winner: number, loser: number) => number) => {
    const scored = await scores();
    return Array.from(labels, (label, n) => {
      const [winner, loser] = label === 1 ? [2 * n, 2 * n + 1] : [2 * n + 1, 2 * n];
      return Number(scored[winner] - scored[loser] < asked(winner, loser));
    });
  };
  return {
    "dpo.logits": async () => {
      const ofFirst = await read((tape) => terms.dpoLogits(tape, terms.constant(tape, "student_logits")));
      // Recorded of the winners.
      return Array.from(ofFirst, (logit, n) => labels[n] === 1 ? logit : -logit);
    },
    "plad.scores": scores,
    "plad.ranking_active": () => behind(() => settings["plad.ranking_margin"]),
    "plad.margin_active": () =>
      behind((winner, loser) => settings["plad.margin_scale"] * (quality[winner] - quality[loser])),
    "leave_one_out.returns": () => read((tape) => terms.leaveOneOut(tape).returns),
    "leave_one_out.advantages": () => read((tape) => terms.leaveOneOut(tape).advantages),
    "dpkd.tokens_where_both_agree": async () => {
      using tape = new Tape(gpu);
      const [theirs, own] = await gpu.readAll([
        likeliest(tape, terms.constant(tape, "teacher_logits", firstTexts.amongAll)),
        likeliest(tape, terms.constant(tape, "dpkd_student_logits", firstTexts.counted)),
      ]);
      return [theirs.filter((token, n) => token === own[n]).length];
    },
  };
}

/** The multiplier's steps, each from where the last one ended. */
function multiplierChecks(
  { rate, start, max_log_likelihood_mean_at_start, steps }: RecordedMultiplier,
  slackPerPair: number,
): Check[] {
  let state = { multiplier: start, maxLogLikelihood: max_log_likelihood_mean_at_start };
  const reached = steps.map(({ log_likelihood_mean: logLikelihood }) => {
    const room = roomWithin(state, logLikelihood, { slackPerPair });
    state = afterAscent(state, logLikelihood, { slackPerPair, multiplierRate: rate });
    return { room, ...state };
  });
  return [
    checkLosses("multiplier", reached.map(({ multiplier }) => multiplier), steps.map(({ multiplier }) => multiplier)),
    checkLosses("room within the set", reached.map(({ room }) => room), steps.map(({ violation }) => violation)),
    checkLosses(
      "largest log-likelihood",
      reached.map(({ maxLogLikelihood }) => maxLogLikelihood),
      steps.map(({ max_after }) => max_after),
    ),
  ];
}

/** Every number, and every boolean as one, in nested lists. */
function numbersIn(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(numbersIn) : [Number(value)];
}
