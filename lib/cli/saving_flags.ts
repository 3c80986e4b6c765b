import { NARROW_FORMS, type NarrowForm } from "#kernels/widen/narrow.ts";
import { InputError } from "#lib/errors.ts";
import type { Saving } from "#lib/memory/saving.ts";
import { defaultTargets } from "#lib/models/lora.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import type { Flags, FlagValues } from "./command.ts";

const WHOLE = "f32";

/** Of commands that plan a distillation, or run one. */
export const SAVING_FLAGS = {
  "texts-at-once": {
    kind: "count",
    value: "N",
    help: "of a step's texts, read at once: fewer take less memory; default all",
  },
  recompute: { kind: "switch", help: "runs the layers again in backward: less memory, more time, equal numbers" },
  "teacher-form": {
    kind: "choice",
    value: "F",
    known: [WHOLE, ...NARROW_FORMS],
    help: `what the teacher's matrices are kept as, ${WHOLE} by default`,
  },
  "student-form": {
    kind: "choice",
    value: "F",
    known: [WHOLE, ...NARROW_FORMS],
    help: "of --lora: the same for the student's own matrices, which stand still",
  },
  "teacher-top-k": {
    kind: "count",
    value: "K",
    help:
      "kd learns from the teacher's K likeliest tokens: kept on the disk, so that it is not in memory beside the student, or as an endpoint says them",
  },
  lora: {
    kind: "count",
    value: "RANK",
    help: "the student learns by changes of this rank alone (LoRA), not by all weights",
  },
  "lora-alpha": { kind: "number", value: "A", help: "changes are multiplied by A / RANK; default twice the rank" },
  "lora-targets": {
    kind: "names",
    value: "a,b",
    help: "layers that are changed, as in q_proj, or all-linear; default those that attend",
  },
} as const satisfies Flags;

type SavingFlags = FlagValues<typeof SAVING_FLAGS>;

/** @throws {InputError} for flags that say nothing, or contradict each other */
export function savingOf(flags: SavingFlags, student: Pick<ModelConfig, "family">): Saving {
  const { "texts-at-once": textsAtOnce, recompute, lora: rank, "lora-targets": targets } = flags;
  for (const name of ["texts-at-once", "lora", "teacher-top-k"] as const) {
    if (flags[name] === 0) throw new InputError(`--${name} 0: must be at least 1`);
  }
  for (const name of ["student-form", "lora-alpha", "lora-targets"] as const) {
    if (flags[name] !== undefined && rank === undefined) {
      throw new InputError(`--${name} is of --lora RANK, which is not given`);
    }
  }
  const formOf = (name: "teacher-form" | "student-form") => {
    const form = flags[name];
    return form === undefined || form === WHOLE ? undefined : form as NarrowForm;
  };
  const alpha = flags["lora-alpha"] ?? 2 * (rank ?? 1);
  if (!(alpha > 0)) throw new InputError(`--lora-alpha ${alpha}: must be more than 0`);
  const topTokens = flags["teacher-top-k"];
  return {
    textsAtOnce,
    ...{ topTokens, teacherApart: topTokens !== undefined },
    // A changed weight is made where it is used, and kept for backward otherwise.
    recompute: recompute || rank !== undefined,
    teacherForm: formOf("teacher-form"),
    studentForm: formOf("student-form"),
    lora: rank === undefined
      ? undefined
      : { rank, scale: alpha / rank, targets: targets ?? defaultTargets(student.family) },
  };
}
