import type { RunContext } from "#lib/bench/experiment.ts";
import type { TaskMaking } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { Task } from "#lib/bench/task.ts";
import { defaultTargets, type LoraOptions } from "#lib/models/lora.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import type { ModelOptions } from "#lib/models/model_weights.ts";
import { pairCodec } from "#lib/preferences/pair_codec.ts";
import { encodeTemplate, type PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import { type ModelPair, openPair } from "./pairing.ts";
import { openStart } from "./starting_model.ts";

/** Bumped when the numbers of tasks with checkpoints may move. */
const CHECKPOINT_NUMERICS = { "task checkpoints": 1 };

/** Whether a profile's models are checkpoints; both are or none. */
export function hasCheckpoints({ teacher, student }: Pick<Profile, "teacher" | "student">): boolean {
  return teacher.checkpoint !== undefined && student.checkpoint !== undefined;
}

/** A task's making with checkpoints in the place of models of sizes: their names are in the sections `teacher` and `student`. */
export function withCheckpoints(making: TaskMaking): TaskMaking {
  return { ...making, numerics: { ...making.numerics, ...CHECKPOINT_NUMERICS } };
}

/** The two checkpoints of a task, read once in a run. @throws {InputError} what `openPair` does */
export function pairOf(context: RunContext): Promise<ModelPair> {
  const { teacher, student, places = {} } = context.profile;
  const words = { teacher: teacher.checkpoint!, student: student.checkpoint! };
  return context.once(`checkpoints ${words.teacher} and ${words.student}`, () =>
    openPair(
      { teacher: places[words.teacher] ?? words.teacher, student: places[words.student] ?? words.student },
      undefined,
      (message) => context.say(message),
    ));
}

/** How the models of a task are opened where they are checkpoints. */
export function newModelOf(pair: ModelPair, profile: Profile): Task["newModel"] {
  return (gpu, role, { vocabSize }, normalSource) =>
    openStart(
      gpu,
      pair[role],
      { ...optionsOf(profile, role, pair[role].config), actionCount: vocabSize },
      normalSource,
    );
}

/** How the texts of preference pairs become ids, by the tokenizer of checkpoints. */
export function pairCodecOf(template: PromptTemplate): Task["pairs"]["codec"] {
  return ({ codec, train, eosIds }) =>
    pairCodec(codec, train.map(({ prompt }) => prompt), {
      text: (ids) => codec.decode(ids, { keepSpecialTokens: true }),
      ids: (instruction) => encodeTemplate(codec, template, { instruction, input: "" }),
    }, eosIds);
}

/** The teacher's form, and changes of low rank by which a model learns. */
function optionsOf(profile: Profile, role: "teacher" | "student", config: ModelConfig): ModelOptions {
  const lora = loraOf(profile[role].lora, config);
  return { ...(role === "teacher" && { form: profile.teacher.form }), ...(lora && { lora }) };
}

/** Changes of low rank as the profile has them. */
export function loraOf(
  lora: Profile["student"]["lora"],
  { family }: Pick<ModelConfig, "family">,
): Pick<LoraOptions, "rank" | "scale" | "targets"> | undefined {
  return lora && { rank: lora.rank, scale: lora.alpha / lora.rank, targets: lora.targets ?? defaultTargets(family) };
}
