import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { rewardToGo } from "#kernels/advantages/advantages.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { type Distance, distanceByToken } from "#lib/objectives/distance.ts";
import { allAtOnce, type CriticView } from "#lib/objectives/critic_view.ts";
import {
  offPolicyMoment,
  onPolicyCosts,
  onPolicyGradientTerm,
  onPolicyMoment,
  type ResponseRows,
} from "#lib/objectives/moment_matching.ts";
import { meanOverTokens, surprise } from "#lib/objectives/states.ts";
import { type Check, checkLoss, checkTensor } from "./check.ts";

/** The recorded tables, their counted rows only: `"N V"` each. */
interface Recorded {
  readonly file: SafeTensorsFile;
  readonly vocabSize: number;
  /** Which of the B T rows count. */
  readonly counted: readonly number[];
  /** Weights 1 / N of a mean over tokens. */
  readonly perToken: ResponseRows;
  /** Weights γ^(t−1) / B of a mean over trajectories, actions of the teacher's and of the student's texts. */
  readonly offPolicy: ResponseRows;
  readonly onPolicy: ResponseRows;
  readonly teacherLogits: Tensor;
}

/** A value written over the recorded student logits, whose gradient is taken. */
type Term = (tape: Tape, student: Variable) => Variable;

/** Checks values and student-logit gradients of the objectives against what PyTorch recorded in float64. */
export async function verifyObjectives(gpu: Gpu, folder: string): Promise<Check[]> {
  const golden = await readJsonFile(`${folder}/golden.json`) as Record<string, number>;
  const file = await SafeTensorsFile.read(`${folder}/golden.safetensors`);
  const recorded = readRecorded(gpu, file, golden.gamma);
  const checks: Check[] = [];
  for (const [name, expected] of Object.entries(golden)) {
    if (name === "gamma") continue;
    const term = termNamed(name, gpu, recorded);
    if (!term) {
      checks.push({ name, status: "FAIL", note: "no objective has this name" });
      continue;
    }
    const { value, gradient } = await evaluate(gpu, recorded, term);
    checks.push(checkLoss(name, value, expected));
    if (file.names.includes(`grad.${name}`)) {
      checks.push(checkTensor(`gradient of ${name}`, gradient, countedRows(recorded, `grad.${name}`)));
    }
  }
  return [...checks, ...await policyGradientChecks(gpu, recorded, golden.gamma)];
}

function termNamed(name: string, gpu: Gpu, recorded: Recorded): Term | undefined {
  const { perToken, offPolicy, onPolicy, teacherLogits } = recorded;
  const teacher = (tape: Tape) => tape.constant(teacherLogits);
  const views = (tape: Tape, student: Variable, q: string) =>
    allAtOnce(tape, {
      student: { logits: student },
      teacher: { logits: teacher(tape) },
      values: tape.constant(tape.adopt(upload(gpu, recorded, q))),
    });
  switch (name) {
    case "cross_entropy":
      return (tape, student) => meanOverTokens(tape, surprise(tape, student, offPolicy), perToken);
    case "u_off_sampled":
      return (tape, student) => offPolicyMoment(tape, views(tape, student, "q_off"), offPolicy, { moments: "sampled" });
    case "u_off_full":
      return (tape, student) => offPolicyMoment(tape, views(tape, student, "q_off"), offPolicy, { moments: "full" });
    case "u_on_sampled":
      return (tape, student) => onPolicyMoment(tape, views(tape, student, "q_on"), onPolicy, { moments: "sampled" });
  }
  const distance = distanceNamed(name);
  return distance &&
    ((tape, student) =>
      meanOverTokens(tape, distanceByToken(tape, distance, { student, teacher: teacher(tape) }), perToken));
}

/** Of the step-wise distances by recorded name: their parameters follow it, as in `alpha_beta_0.2_0.7`. */
const DISTANCES: Readonly<Record<string, (...parameters: readonly number[]) => Distance>> = {
  forward_kl: () => ({ kind: "forwardKl" }),
  reverse_kl: () => ({ kind: "reverseKl" }),
  total_variation: () => ({ kind: "totalVariation" }),
  jensen_shannon: (weight) => ({ kind: "jensenShannon", weight }),
  skew_forward_kl: (skew) => ({ kind: "skewForwardKl", skew }),
  skew_reverse_kl: (skew) => ({ kind: "skewReverseKl", skew }),
  alpha_beta: (alpha, beta) => ({ kind: "alphaBeta", alpha, beta }),
};

function distanceNamed(name: string): Distance | undefined {
  const [, family, numbers] = /^([a-z_]+?)((?:_\d+(?:\.\d+)?)*)$/.exec(name) ?? [];
  const parameters = (numbers ?? "").split("_").slice(1).map(Number);
  const make = DISTANCES[family];
  return make && make.length === parameters.length ? make(...parameters) : undefined;
}

/** The on-policy advantages A_t and the policy gradient Σ_t ∇ log π_θ(y_t | s_t) A_t, mean over trajectories. */
async function policyGradientChecks(gpu: Gpu, recorded: Recorded, gamma: number): Promise<Check[]> {
  const { onPolicy, teacherLogits } = recorded;
  const settings = { horizon: "rewardToGo", moments: "sampled", gamma, baseline: "none" } as const;
  const viewOf = (tape: Tape, student: Variable): CriticView => ({
    student: { logits: student },
    teacher: { logits: tape.constant(teacherLogits) },
    values: tape.constant(tape.adopt(upload(gpu, recorded, "q_on"))),
  });
  const { gradient } = await evaluate(
    gpu,
    recorded,
    (tape, student) => onPolicyGradientTerm(tape, allAtOnce(tape, viewOf(tape, student)), onPolicy, settings),
  );
  using tape = new Tape(gpu);
  const student = tape.constant(tape.adopt(upload(gpu, recorded, "student_logits")));
  const costs = onPolicyCosts(tape, viewOf(tape, student), onPolicy, settings).value;
  const advantages = tape.adopt(rewardToGo(gpu, { costs, spans: onPolicy.rowSpans }, { gamma, inclusive: true }));
  return [
    checkTensor("on-policy advantages", await gpu.read(advantages), countedRows(recorded, "advantage.u_on", 1)),
    checkTensor("policy gradient of u_on", gradient, countedRows(recorded, "grad.policy_gradient_u_on")),
  ];
}

async function evaluate(gpu: Gpu, recorded: Recorded, term: Term): Promise<{ value: number; gradient: Float32Array }> {
  const values = countedRows(recorded, "student_logits");
  const shape = [recorded.counted.length, recorded.vocabSize];
  using store = new ParameterStore(gpu, [{ name: "logits", shape, decayed: false, initial: zeros }], () => 0);
  gpu.write(store.get("logits").value, values);
  using tape = new Tape(gpu, { learning: [store] });
  const loss = term(tape, tape.parameter(store.get("logits")));
  store.zeroGradients();
  if (loss.requiresGrad) tape.backward(loss);
  const [[value], gradient] = await gpu.readAll([loss.value, store.get("logits").gradient]);
  return { value, gradient: gradient as Float32Array };
}

function readRecorded(gpu: Gpu, file: SafeTensorsFile, gamma: number): Recorded {
  const [batch, tokens, vocabSize] = file.get("student_logits").shape;
  const mask = file.f32("mask");
  const counted = [...mask.keys()].filter((i) => mask[i] !== 0);
  const floats = (weight: (row: number) => number) => gpu.upload(Float32Array.from(counted, weight));
  const ends = Array.from({ length: batch }, (_, b) => counted.filter((row) => row < (b + 1) * tokens).length);
  const rowSpans = gpu.upload(Uint32Array.from(ends.flatMap((end, b) => [b === 0 ? 0 : ends[b - 1], end])), [batch, 2]);
  const rows = (actions: string, weight: (row: number) => number): ResponseRows => ({
    actions: gpu.upload(Uint32Array.from(counted, (row) => file.i32(actions)[row])),
    weights: floats(weight),
    evenWeights: floats(() => 1 / batch),
    rowSpans,
  });
  const discounted = (row: number) => gamma ** (row % tokens) / batch;
  const recorded = { file, vocabSize, counted };
  return {
    ...recorded,
    perToken: rows("tokens_off", () => 1 / counted.length),
    offPolicy: rows("tokens_off", discounted),
    onPolicy: rows("tokens_on", discounted),
    teacherLogits: upload(gpu, recorded, "teacher_logits"),
  };
}

type Tables = Pick<Recorded, "file" | "vocabSize" | "counted">;

function upload(gpu: Gpu, recorded: Tables, name: string): Tensor {
  return gpu.upload(countedRows(recorded, name), [recorded.counted.length, recorded.vocabSize]);
}

/** The counted rows of a recorded `"B T width"`. */
function countedRows({ file, counted, vocabSize }: Tables, name: string, width = vocabSize): Float32Array<ArrayBuffer> {
  const values = file.f32(name);
  return Float32Array.from(counted.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
}
