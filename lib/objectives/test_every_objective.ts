import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { Critic } from "#lib/models/critic.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { negatedSum } from "./ascent.ts";
import { distanceAlone, distillation, distillationFromKnown, type TaughtBatch } from "./distillation.ts";
import { collectRollout, miniLlm } from "./minillm.ts";
import { type MomentSettings, studentObjective } from "./moment_matching.ts";
import type { ObjectiveValue } from "./objective.ts";
import { logLikelihood } from "./preference/bradley_terry.ts";
import { dpkd } from "./preference/dpkd.ts";
import { dpo } from "./preference/dpo.ts";
import { type LabelledPair, packPairs } from "./preference/pair_batch.ts";
import { plad } from "./preference/plad.ts";
import { gapAscent, guidedDescent, rewardFeatureSize } from "./preference/reward_guidance.ts";
import { criticLogits, packTaughtPairs } from "./preference/value_rewards.ts";
import { RatioCritic, ratioStudentObjective } from "./ratio_critic.ts";
import { fineTuning } from "./supervised.ts";
import { criticObjective } from "./test_critics.ts";
import { MINILLM_DEFAULTS } from "./test_minillm.ts";
import { packTrajectories, type Trajectory } from "./trajectory_batch.ts";

/** A text of some tokens that differ, and so many of them. */
const responseOf = (seed: number, length: number) => Array.from({ length }, (_, t) => (seed * (t + 3) ** 2) % 29);
/** 29 response tokens in all, no two lengths alike. */
const TEXTS: readonly Trajectory[] = [11, 3, 9, 6].map((length, i) => ({
  prompt: [3 + i, ...responseOf(2, i)],
  response: responseOf(5 + i, length),
}));
/** 31 response tokens in all. */
const PAIRS: readonly LabelledPair[] = [[9, 2, 1], [3, 7, 0], [4, 6, 0.3]].map(([first, second, label], i) => ({
  prompt: [6 + i],
  texts: [responseOf(3 + i, first), responseOf(7 + i, second)],
  label,
}));

/** Numbers about 0 that differ. */
function drawsOf(seed: number): () => number {
  let drawn = 0;
  return () => Math.sin(++drawn * (seed + 0.7));
}

/** All who play in some objective, with parameters that are the same on every device. */
export class EveryPlayer implements Disposable {
  readonly student;
  readonly teacher;
  readonly offPolicyCritic;
  readonly onPolicyCritic;
  readonly valueCritic;
  readonly critic;
  readonly head;

  /** @param vocabSize V of all of them */
  constructor(gpu: Gpu, vocabSize = 33) {
    this.student = tinyDecoder(gpu, "llama", { vocabSize, spread: 2 });
    this.teacher = tinyDecoder(gpu, "gpt2", { vocabSize, seed: 2, spread: 2 });
    const critic = (featureSize: number, head: "linear" | "mlp", seed: number) => {
      const made = new Critic(gpu, { featureSize, vocabSize, head, bound: "tanh" }, drawsOf(seed));
      const draw = drawsOf(seed + 1);
      made.store.writeRows("values.weight", 0, Float32Array.from({ length: vocabSize * featureSize }, draw));
      return made;
    };
    this.offPolicyCritic = critic(32, "linear", 3);
    this.onPolicyCritic = critic(32, "mlp", 5);
    this.valueCritic = critic(16, "linear", 7);
    this.critic = new RatioCritic(gpu, { c: 0.5 });
    gpu.write(this.critic.store.get("log_scale").value, Float32Array.of(0.3));
    const featureSize = rewardFeatureSize(this.teacher);
    this.head = new Critic(gpu, { featureSize, vocabSize: 1, head: "mlp", bound: "tanh" }, drawsOf(9));
    gpu.write(this.head.store.get("values.weight").value, Float32Array.from({ length: featureSize }, drawsOf(10)));
  }

  [Symbol.dispose](): void {
    const { student, teacher, offPolicyCritic, onPolicyCritic, valueCritic, critic, head } = this;
    for (const each of [student, teacher, offPolicyCritic, onPolicyCritic, valueCritic, critic, head]) {
      each[Symbol.dispose]();
    }
  }
}

/** An objective on small texts, and those of the players who learn by it. */
export interface ObjectiveCase {
  readonly learning: readonly (keyof EveryPlayer & string)[];
  write(gpu: Gpu, players: EveryPlayer): (tape: Tape) => ObjectiveValue;
}

const textsOn = (gpu: Gpu) => packTrajectories(gpu, TEXTS, ONE_TEXT, { gamma: 0.9 });
const sidesOn = (gpu: Gpu) => ({ offPolicy: textsOn(gpu), onPolicy: textsOn(gpu), data: textsOn(gpu) });
const rewards = { gamma: 0.9, rewarded: "everyToken" } as const;

export function ofMoments(settings: Partial<MomentSettings>): MomentSettings {
  return {
    ...{ beta: 0.3, gamma: 0.9, features: "both", moments: "sampled", horizon: "rewardToGo" },
    ...{ baseline: "none", sftWeight: 0.5, ...settings },
  };
}

/** What is known of the teacher at each of the 29 states: 6 tokens, the last of which is near the end of 33, and any other. */
const taughtOn = (gpu: Gpu): TaughtBatch => {
  const batch = textsOn(gpu);
  const [states] = batch.actions.shape;
  const ids = Uint32Array.from({ length: 6 * states }, (_, i) => 5 * (i % 6) + (i * i) % 5);
  const weights = Array.from({ length: 7 * states }, (_, i) => Math.exp(2 * Math.sin(i * i)));
  const sumOf = (row: number) => weights.slice(7 * row, 7 * row + 7).reduce((sum, weight) => sum + weight, 0);
  const logProbs = Float32Array.from(weights, (weight, i) => Math.log(weight / sumOf(Math.floor(i / 7))));
  return { ...batch, topTokens: gpu.upload(ids, [states, 6]), topLogProbs: gpu.upload(logProbs, [states, 7]) };
};

const ofStudent = (write: ObjectiveCase["write"]): ObjectiveCase => ({ learning: ["student"], write });
const ammd = (settings: Partial<MomentSettings>) =>
  ofStudent((gpu, players) => {
    const [objective, batch] = [studentObjective(ofMoments(settings)), sidesOn(gpu)];
    return (tape) => objective(tape, players, batch);
  });
const critics = (settings: Partial<MomentSettings>): ObjectiveCase => ({
  learning: ["offPolicyCritic", "onPolicyCritic"],
  write: (gpu, players) => {
    const [objective, batch] = [criticObjective(ofMoments(settings)), sidesOn(gpu)];
    return (tape) => objective(tape, players, batch);
  },
});
const rollouts = (singleStep: boolean) =>
  ofStudent((gpu, players) => {
    const settings = { ...MINILLM_DEFAULTS, singleStep };
    const [objective, data] = [miniLlm(settings), textsOn(gpu)];
    const rollout = collectRollout(gpu, players, TEXTS, settings);
    return (tape) => objective(tape, players, { rollout, data });
  });

const ON_TEXTS: Readonly<Record<string, ObjectiveCase>> = {
  "fine-tuning": ofStudent((gpu, players) => {
    const batch = textsOn(gpu);
    return (tape) => fineTuning(tape, players, batch);
  }),
  "forward KL alone": ofStudent((gpu, players) => {
    const [objective, batch] = [distillation(distanceAlone({ kind: "forwardKl" })), textsOn(gpu)];
    return (tape) => objective(tape, players, batch);
  }),
  "adaptive KL and cross-entropy": ofStudent((gpu, players) => {
    const settings = { distance: { kind: "adaptiveKl", headMass: 0.5 }, kdRatio: 0.4, temperature: 2 } as const;
    const [objective, batch] = [distillation(settings), textsOn(gpu)];
    return (tape) => objective(tape, players, batch);
  }),
  "forward KL of known tokens and cross-entropy": ofStudent((gpu, players) => {
    const settings = { distance: { kind: "forwardKl" }, kdRatio: 0.4, temperature: 2 } as const;
    const [objective, batch] = [distillationFromKnown(settings), taughtOn(gpu)];
    return (tape) => objective(tape, players, batch);
  }),
  "ammd, sampled rewards to go": ammd({ baseline: "positionMean" }),
  "ammd, full moments": ammd({ moments: "full", baseline: "whitened" }),
  "ammd, immediate": ammd({ horizon: "immediate", moments: "full" }),
  "critics, sampled": critics({}),
  "critics, full moments": critics({ moments: "full" }),
  "the ratio critic": {
    learning: ["student", "critic"],
    write: (gpu, players) => {
      const [objective, batch] = [ratioStudentObjective({ beta: 0.3, sftWeight: 0.5 }), sidesOn(gpu)];
      return (tape) => objective(tape, players, batch);
    },
  },
  "minillm": rollouts(true),
  "minillm without its single-step part": rollouts(false),
  "dpkd": ofStudent((gpu, players) => {
    const [objective, batch] = [dpkd({ beta: 0.3, taskWeight: 0.5 }), textsOn(gpu)];
    return (tape) => objective(tape, players, batch);
  }),
};

const ON_PAIRS: Readonly<Record<string, ObjectiveCase>> = {
  "dpo": ofStudent((gpu, { student, teacher: reference }) => {
    const [objective, batch] = [dpo({ beta: 0.3 }), packPairs(gpu, PAIRS, ONE_TEXT)];
    return (tape) => objective(tape, { student, reference }, batch);
  }),
  "plad": ofStudent((gpu, players) => {
    const [objective, batch] = [plad({ kind: "ranking", margin: 2 }), packPairs(gpu, PAIRS, ONE_TEXT)];
    return (tape) => objective(tape, players, batch);
  }),
  "the likelihood of pairs under a critic": {
    learning: ["valueCritic"],
    write: (gpu, { valueCritic: critic, teacher }) => {
      const batch = packTaughtPairs(gpu, PAIRS, teacher);
      return (tape) => {
        const value = logLikelihood(tape, criticLogits(tape, { critic, teacher }, batch, { gamma: 0.9 }), batch);
        return negatedSum(tape, [{ value, measures: { likelihood: value } }], "loss");
      };
    },
  },
};

const OF_REWARDS: Readonly<Record<string, ObjectiveCase>> = {
  "a reward's gap": {
    learning: ["head"],
    write: (gpu, { teacher: backbone, head }) => {
      const [teacher, student] = [TEXTS, TEXTS.slice(1)].map((texts) =>
        packTrajectories(gpu, texts, ONE_TEXT, { seen: "after" })
      );
      return (tape) => negatedSum(tape, [gapAscent(tape, { backbone, head }, { teacher, student }, rewards)], "loss");
    },
  },
  "a descent by a reward": ofStudent((gpu, { student, teacher: backbone, head }) => {
    const batch = {
      read: packTrajectories(gpu, TEXTS, ONE_TEXT, { seen: "after" }),
      chosen: packTrajectories(gpu, TEXTS, ONE_TEXT),
    };
    return (tape) => guidedDescent(tape, { student, backbone, head }, batch, { ...rewards, textsPerPrompt: 2 });
  }),
};

export const EVERY_OBJECTIVE: Readonly<Record<string, ObjectiveCase>> = { ...ON_TEXTS, ...ON_PAIRS, ...OF_REWARDS };

/** Loss, measures, and all gradients by the names of players and parameters, of one step. */
export async function stepOf(gpu: Gpu, { learning, write }: ObjectiveCase, vocabSize?: number) {
  using players = new EveryPlayer(gpu, vocabSize);
  const stores: [string, ParameterStore][] = learning.map((name) => [name, players[name].store]);
  const objective = write(gpu, players);
  for (const [, store] of stores) store.zeroGradients();
  using tape = new Tape(gpu, { learning: stores.map(([, store]) => store) });
  const { loss, measures } = objective(tape);
  tape.backward(loss);
  const names = Object.keys(measures);
  const [[lossValue], ...values] = await gpu.readAll([loss.value, ...names.map((name) => measures[name].value)]);
  const gradients = new Map<string, Float32Array>();
  for (const [player, store] of stores) {
    for (const [name, gradient] of await store.readGradients()) gradients.set(`${player}.${name}`, gradient);
  }
  return { loss: lossValue, measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])), gradients };
}
