import { expectKnown } from "#lib/bench/suggestion.ts";
import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { InputError } from "#lib/errors.ts";
import type { Flags, FlagValues } from "./command.ts";
import { expectTopTokensSuffice } from "./distil_kept.ts";
import { MEMORY_FLAG } from "./known_limits.ts";
import { BINDING_LIMIT_FLAG, CHECKPOINT_FLAG } from "./results_flags.ts";
import { type GivenTeacher, givenTeacher } from "./distil_teacher.ts";
import { SAVING_FLAGS } from "./saving_flags.ts";

const DEFAULT_METHOD = "gkd";
/** Where only texts of the teacher are known. */
const DEFAULT_METHOD_OF_TEXTS = "seqkd";
/** Where a distilled student is written, below the folder that the command is called from. */
export const DEFAULT_OUT = "distilled";
/** Rows that every run has; only students that learn from them are methods of a distillation. */
const ALWAYS: readonly string[] = ["teacher", "sft"];

export const DISTIL_FLAGS = {
  teacher: { kind: "text", value: "MODEL", help: "a folder, or a model of the hub's cache" },
  "teacher-texts": {
    kind: "path",
    value: "FILE",
    help: "in its place: texts that it wrote on the data's prompts, for methods that need no more",
  },
  "teacher-endpoint": {
    kind: "text",
    value: "URL",
    help: "in its place: an endpoint as OpenAI's that is asked for such texts; its key is TEACHER_API_KEY",
  },
  "teacher-model": { kind: "text", value: "NAME", help: "of --teacher-endpoint: the model, as the endpoint names it" },
  student: { kind: "text", value: "MODEL", help: "the same; a folder without weights starts from drawn values" },
  data: {
    kind: "text",
    value: "DATA",
    help: "records to learn from: a file, a folder, or a data set of the hub's cache",
  },
  method: {
    kind: "text",
    value: "NAME",
    help:
      `how the student learns, as \`list\` names it; default ${DEFAULT_METHOD}, of texts ${DEFAULT_METHOD_OF_TEXTS}`,
  },
  compare: {
    kind: "names",
    value: "a,b",
    help: "further methods to score, as in sft_continued; their models are not kept",
  },
  out: { kind: "path", value: "DIR", help: `where the student is written; default ${DEFAULT_OUT}/STUDENT-METHOD` },
  steps: { kind: "count", value: "N", help: "steps of the method; default 500" },
  "sft-steps": { kind: "count", value: "N", help: "steps on the data before; default as many; 0 for a tuned student" },
  "teacher-sft-steps": {
    kind: "count",
    value: "N",
    help: "steps of the teacher on the data; default those of the student",
  },
  "teacher-is-tuned": { kind: "switch", help: "takes the teacher as it is" },
  "texts-per-step": { kind: "count", value: "N", help: "texts that a step learns from; default 8" },
  ...SAVING_FLAGS,
  memory: MEMORY_FLAG,
  "learning-rate": { kind: "number", value: "R", help: "at its peak, of all that is trained; default 1e-4" },
  "max-new-tokens": {
    kind: "count",
    value: "N",
    help: "a response is cut after so many; default 256, or half of what models read",
  },
  "max-prompt-tokens": { kind: "count", value: "N", help: "longer prompts are left out; default 256, or what is left" },
  seed: { kind: "seeds", value: "S,S", help: "of all draws; default 10; of several the first one's student is kept" },
  chat: { kind: "switch", help: "prompts by the student's chat template" },
  bos: { kind: "switch", help: "begins every prompt with the tokenizer's beginning of a text" },
  prefix: { kind: "text", value: "TEXT", help: "in front of every instruction, as in 'summarize: '" },
  set: {
    kind: "repeated",
    value: "key=value",
    help: "another value for a setting, as in gkd.weight=0.3; may be repeated",
  },
  "binding-limit": BINDING_LIMIT_FLAG,
  "checkpoint-every": CHECKPOINT_FLAG,
  "dry-run": { kind: "switch", help: "checks everything and says what would be done" },
  json: { kind: "switch", help: "prints JSON" },
  quiet: { kind: "switch", help: "shows no progress" },
} as const satisfies Flags;

export type DistilFlags = FlagValues<typeof DISTIL_FLAGS>;
export type Methods = Readonly<Record<string, RegisteredMethod>>;

/** The methods that come after SFT, by their names. */
export function studentMethods(methods: Methods): string[] {
  return Object.keys(methods).filter((name) => !ALWAYS.includes(name));
}

/** Flags that were given as they have to be. */
export interface GivenDistillation {
  readonly teacher: GivenTeacher;
  readonly student: string;
  readonly data: string;
  readonly method: string;
}

/** @throws {InputError} for flags that are missing, or contradict each other, or no distillation could be done with */
export function checkDistilFlags(flags: DistilFlags, methods: Methods): GivenDistillation {
  const teacher = givenTeacher(flags);
  const byDefault = teacher.kind === "model" ? DEFAULT_METHOD : DEFAULT_METHOD_OF_TEXTS;
  const { student, data, method = byDefault, compare = [] } = flags;
  if (!student || !data) {
    const missing = student ? "data" : "student";
    const remedy = student && teacher.kind === "texts"
      ? "responses that the student is fine-tuned on first; where there are none, name the file of the teacher's texts again"
      : "./run distil --teacher MODEL --student MODEL --data DIR; --help shows more";
    throw new InputError(`distil needs --${missing}: ${remedy}`);
  }
  const students = studentMethods(methods);
  for (const name of [method, ...compare]) {
    if (ALWAYS.includes(name)) {
      throw new InputError(`${name} is scored in every run; --method and --compare take what comes after it`);
    }
    expectKnown("method", name, students);
  }
  expectTopTokensSuffice(flags["teacher-top-k"], [method, ...compare], methods);
  for (const name of COUNTS) if (flags[name] === 0) throw new InputError(`--${name} 0: must be at least 1`);
  const { "learning-rate": rate } = flags;
  if (rate !== undefined && !(rate > 0)) throw new InputError(`--learning-rate ${rate}: must be more than 0`);
  if (flags["teacher-is-tuned"] && flags["teacher-sft-steps"] !== undefined) {
    throw new InputError(
      "--teacher-is-tuned and --teacher-sft-steps: one leaves the teacher as it is, the other trains it",
    );
  }
  const form = flags["teacher-form"];
  if (form !== undefined && form !== "f32" && !flags["teacher-is-tuned"] && flags["teacher-sft-steps"] !== 0) {
    throw new InputError(
      `--teacher-form ${form}: a teacher that is trained first keeps float32; take it as it is with --teacher-is-tuned`,
    );
  }
  if (flags.chat && flags.bos) throw new InputError("--bos: a chat template spells the beginning of a text itself");
  if (flags.chat && flags.prefix) {
    throw new InputError("--prefix: a chat template has the instruction as a turn; leave one out");
  }
  return { teacher, student, data, method };
}

const COUNTS = ["steps", "texts-per-step", "texts-at-once", "max-new-tokens", "max-prompt-tokens"] as const;
