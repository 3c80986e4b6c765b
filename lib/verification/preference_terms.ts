import { mapNamed } from "#kernels/op.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { linearCombination } from "#lib/objectives/linear_combination.ts";
import { allAtOnce } from "#lib/objectives/critic_view.ts";
import { offPolicyMoment, onPolicyMoment } from "#lib/objectives/moment_matching.ts";
import {
  advantageLogits,
  advantagesOf,
  logLikelihood,
  rewardLogits,
} from "#lib/objectives/preference/bradley_terry.ts";
import { lagrangian } from "#lib/objectives/preference/confidence_set.ts";
import { dpkdLikelihoods, dpkdLoss } from "#lib/objectives/preference/dpkd.ts";
import { dpoLogits, dpoLoss } from "#lib/objectives/preference/dpo.ts";
import { leaveOneOutAdvantages, textPolicyGradient } from "#lib/objectives/preference/leave_one_out.ts";
import type { PairLabels } from "#lib/objectives/preference/pair_batch.ts";
import { pladLoss } from "#lib/objectives/preference/plad.ts";
import { returnGap, returnsOf, type TextReward } from "#lib/objectives/preference/returns.ts";
import { actionLogProb, meanOverTokens } from "#lib/objectives/states.ts";
import { countedValues, type RecordedPairs } from "./recorded_pairs.ts";

/** Recorded tables that gradients are of. */
export type PreferenceInput = "rewards" | "q" | "student_logits" | "dpkd_student_logits";

/** A value written over one of them. */
export interface PreferenceTerm {
  readonly input: PreferenceInput;
  value(tape: Tape, input: Variable): Variable;
}

/** The settings among the recorded values. */
export interface PreferenceSettings {
  readonly "dpo.beta": number;
  readonly "dpkd.beta": number;
  readonly "plad.ranking_margin": number;
  readonly "plad.margin_scale": number;
  readonly "leave_one_out.texts_per_prompt": number;
  readonly lagrangian: {
    readonly slack_per_pair: number;
    readonly max_log_likelihood_mean: number;
    readonly multiplier: number;
  };
}

/** Parts of the recorded losses, as functions of tables on a tape. */
export class PreferenceTerms {
  readonly #gpu: Gpu;
  readonly #recorded: RecordedPairs;
  readonly #settings: PreferenceSettings;
  /** Every token is rewarded, with the recorded discount. */
  readonly reward: TextReward;

  constructor(gpu: Gpu, recorded: RecordedPairs, settings: PreferenceSettings) {
    this.#gpu = gpu;
    this.#recorded = recorded;
    this.#settings = settings;
    this.reward = { gamma: recorded.gamma, rewarded: "everyToken" };
  }

  /** A recorded table `"P 2 T V"` or `"P 2 T"` as a constant, `"N V"` or `"N"`; of the texts 0 alone where `counted` says so. */
  constant(tape: Tape, name: string, counted = this.#recorded.counted): Variable {
    const { file, vocabSize } = this.#recorded;
    const width = name === "rewards" ? 1 : vocabSize;
    const values = countedValues(file, name, counted, width);
    const shape = name === "rewards" ? [counted.length] : [counted.length, width];
    return tape.constant(tape.adopt(this.#gpu.upload(values, shape)));
  }

  /** Bradley-Terry logits in advantage form. */
  advantageLogits(tape: Tape, q: Variable, b: "teacher" | "student"): Variable {
    const { rows } = this.#recorded;
    const advantages = advantagesOf(tape, q, { logits: this.constant(tape, `${b}_logits`) }, rows);
    return advantageLogits(tape, advantages, rows, this.reward);
  }

  dpoLogits(tape: Tape, student: Variable): Variable {
    const { rows } = this.#recorded;
    const policies = { student, reference: this.constant(tape, "reference_logits") };
    const logProbs = mapNamed(policies, (logits) => actionLogProb(tape, logits, rows));
    return dpoLogits(tape, logProbs, rows, { beta: this.#settings["dpo.beta"] });
  }

  /** Returns of all texts, in the order of prompts, and their advantages. */
  leaveOneOut(tape: Tape): { returns: Variable; advantages: Variable } {
    const { rowSpans } = this.#recorded.rows;
    const returns = returnsOf(tape, { rewards: this.constant(tape, "rewards"), rowSpans }, this.reward);
    const textsPerPrompt = this.#settings["leave_one_out.texts_per_prompt"];
    return { returns, advantages: leaveOneOutAdvantages(tape, returns, textsPerPrompt) };
  }

  /** Losses and gaps by their recorded names. */
  losses(): Readonly<Record<string, PreferenceTerm>> {
    return { ...this.#ofRewards(), ...this.#ofActionValues(), ...this.#ofPolicies(), ...this.#ofLikeliestTokens() };
  }

  #ofRewards(): Record<string, PreferenceTerm> {
    const { rows, softLabels, teacherTexts, studentTexts } = this.#recorded;
    const bradleyTerry = (labels: PairLabels, reward: TextReward): PreferenceTerm => ({
      input: "rewards",
      value: (tape, rewards) => negated(tape, logLikelihood(tape, rewardLogits(tape, rewards, rows, reward), labels)),
    });
    return {
      "bt.loss": bradleyTerry(rows, this.reward),
      "bt.loss_soft": bradleyTerry(softLabels, this.reward),
      "bt.loss_last_token_reward": bradleyTerry(rows, { ...this.reward, rewarded: "lastToken" }),
      "gap.black_box": {
        input: "rewards",
        value: (tape, rewards) => {
          const of = ({ rowSpans }: typeof teacherTexts) => ({ rewards, rowSpans });
          return returnGap(tape, { teacher: of(teacherTexts), student: of(studentTexts) }, this.reward);
        },
      },
    };
  }

  #ofActionValues(): Record<string, PreferenceTerm> {
    const { rows, teacherTexts, studentTexts } = this.#recorded;
    const { slack_per_pair, max_log_likelihood_mean, multiplier } = this.#settings.lagrangian;
    const ofQ = (value: PreferenceTerm["value"]): PreferenceTerm => ({ input: "q", value });
    const likelihood = (tape: Tape, q: Variable, b: "teacher" | "student") =>
      logLikelihood(tape, this.advantageLogits(tape, q, b), rows);
    const views = (tape: Tape, values: Variable) =>
      allAtOnce(tape, {
        student: { logits: this.constant(tape, "student_logits") },
        teacher: { logits: this.constant(tape, "teacher_logits") },
        values,
      });
    const off = (moments: "sampled" | "full") =>
      ofQ((tape, q) => offPolicyMoment(tape, views(tape, q), teacherTexts, { moments }));
    const on = (moments: "sampled" | "full") =>
      ofQ((tape, q) => onPolicyMoment(tape, views(tape, q), studentTexts, { moments }));
    return {
      "advantage.teacher.loss": ofQ((tape, q) => negated(tape, likelihood(tape, q, "teacher"))),
      "advantage.student.loss": ofQ((tape, q) => negated(tape, likelihood(tape, q, "student"))),
      "gap.off_sampled": off("sampled"),
      "gap.off_full": off("full"),
      "gap.on_sampled": on("sampled"),
      "gap.on_full": on("full"),
      "lagrangian.on_full": ofQ((tape, q) =>
        lagrangian(
          tape,
          { gap: on("full").value(tape, q), logLikelihood: likelihood(tape, q, "teacher") },
          { multiplier, maxLogLikelihood: max_log_likelihood_mean },
          { slackPerPair: slack_per_pair },
        )
      ),
    };
  }

  #ofPolicies(): Record<string, PreferenceTerm> {
    const { rows } = this.#recorded;
    const [margin, scale] = [this.#settings["plad.ranking_margin"], this.#settings["plad.margin_scale"]];
    const ofStudent = (value: PreferenceTerm["value"]): PreferenceTerm => ({ input: "student_logits", value });
    const logProb = (tape: Tape, student: Variable) => actionLogProb(tape, student, rows);
    return {
      "dpo.loss": ofStudent((tape, student) => dpoLoss(tape, this.dpoLogits(tape, student), rows)),
      "plad.ranking": ofStudent((tape, student) =>
        pladLoss(tape, logProb(tape, student), rows, { kind: "ranking", margin })
      ),
      "plad.margin": ofStudent((tape, student) =>
        pladLoss(tape, logProb(tape, student), rows, { kind: "margin", scale })
      ),
      "leave_one_out.loss": ofStudent((tape, student) =>
        textPolicyGradient(tape, logProb(tape, student), rows, this.leaveOneOut(tape).advantages)
      ),
    };
  }

  #ofLikeliestTokens(): Record<string, PreferenceTerm> {
    const { firstRows, firstTexts } = this.#recorded;
    const ofStudent = (value: PreferenceTerm["value"]): PreferenceTerm => ({ input: "dpkd_student_logits", value });
    const preference = ofStudent((tape, student) => {
      const teacher = this.constant(tape, "teacher_logits", firstTexts.amongAll);
      const likelihoods = dpkdLikelihoods(tape, { student, teacher }, { beta: this.#settings["dpkd.beta"] });
      return dpkdLoss(tape, likelihoods, firstRows);
    });
    const crossEntropy = ofStudent((tape, student) =>
      negated(tape, meanOverTokens(tape, actionLogProb(tape, student, firstRows), firstRows))
    );
    const total = ofStudent((tape, student) =>
      linearCombination(tape, [
        { weight: 1, value: preference.value(tape, student) },
        { weight: 0.5, value: crossEntropy.value(tape, student) },
      ])
    );
    return { "dpkd.loss": preference, "dpkd.cross_entropy": crossEntropy, "dpkd.total": total };
  }
}

function negated(tape: Tape, value: Variable): Variable {
  return linearCombination(tape, [{ weight: -1, value }]);
}
