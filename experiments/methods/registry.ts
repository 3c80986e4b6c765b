/**
 * The methods of the comparison. Each trains a copy of the SFT student for the same number of steps; to add one, add a module to
 * methods/ and an entry here. docs/methods.md gives their equations and sources, experiments/profiles/*.yaml their settings.
 */
import { type Method, SFT, TEACHER } from "#lib/bench/method.ts";
import { momentMatching } from "#lib/bench/moment_matching_run.ts";
import { abkd } from "./abkd.ts";
import { akl } from "./akl.ts";
import { distillm } from "./distillm.ts";
import { gkd } from "./gkd.ts";
import { imitkd } from "./imitkd.ts";
import { kd } from "./kd.ts";
import { minillm } from "./minillm.ts";
import { opd } from "./opd.ts";
import { seqkd } from "./seqkd.ts";
import { sftContinued } from "./sft_continued.ts";

export const METHODS = {
  teacher: TEACHER,
  sft: SFT,
  sft_continued: sftContinued,
  kd,
  seqkd,
  imitkd,
  minillm,
  gkd,
  distillm,
  opd,
  abkd,
  akl,
  ammd_off: momentMatching("moment matching on the teacher's texts only (AMMD, Proposition 1)", {
    beta: 1,
    sftWeight: 0,
  }),
  ammd_on: momentMatching("moment matching on the student's own texts only (AMMD, Proposition 2)", {
    beta: 0,
    sftWeight: 0,
  }),
  ammd: momentMatching("adversarial moment matching on both (AMMD, Algorithm 1)", { sftWeight: 0 }),
  ammd_sft: momentMatching("the same with cross-entropy on the data added", {}),
} satisfies Record<string, Method>;
