/**
 * The methods of the comparison. Each trains a copy of the SFT student for the same number of steps; to add one, add a module to this
 * folder and an entry here. The entry's name is all that names it: its rows, its runs, its version and its section of the profile are
 * called so, and two entries that are one method are refused.
 *
 * A setting has its default in its method's module, so that no profile need name it; `experiments/profiles/*.yaml` name those that
 * differ there, and `--set` changes any. Provenance keeps the values that counted, wherever they came from. `./run list METHOD` shows
 * them with their source; docs/methods.md says where this project differs from the sources.
 */
import { registerMethods } from "#lib/bench/method_registry.ts";
import { abkd } from "./abkd.ts";
import { akl } from "./akl.ts";
import { ammd, ammdLearned, ammdOff, ammdOn, ammdSft } from "./ammd.ts";
import { distanceOn } from "./distance_on.ts";
import { distillm } from "./distillm.ts";
import { dpkd } from "./dpkd.ts";
import { dpo } from "./dpo.ts";
import { gkd } from "./gkd.ts";
import { imitkd } from "./imitkd.ts";
import { kd } from "./kd.ts";
import { minillm } from "./minillm.ts";
import { mmPbkdOffline } from "./mm_pbkd_offline.ts";
import { mmPbkdOnline } from "./mm_pbkd_online.ts";
import { opd } from "./opd.ts";
import { pbkdOffline } from "./pbkd_offline.ts";
import { pbkdOnline } from "./pbkd_online.ts";
import { plad, pladMargin } from "./plad.ts";
import { rewardMle } from "./reward_mle.ts";
import { seqkd } from "./seqkd.ts";
import { sft } from "./sft.ts";
import { sftContinued } from "./sft_continued.ts";
import { teacher } from "./teacher.ts";

/** The methods of the first paper's comparison. */
const COMPARISON = {
  teacher,
  sft,
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
  ammd_off: ammdOff,
  ammd_on: ammdOn,
  ammd,
  ammd_sft: ammdSft,
  ammd_learned: ammdLearned,
};

/** Those that learn from preferences. */
const OF_PREFERENCES = {
  dpo,
  plad,
  plad_margin: pladMargin,
  dpkd,
  reward_mle: rewardMle,
  pbkd_offline: pbkdOffline,
  pbkd_online: pbkdOnline,
  mm_pbkd_offline: mmPbkdOffline,
  mm_pbkd_online: mmPbkdOnline,
};

const registered = registerMethods({ ...COMPARISON, ...OF_PREFERENCES, distance_on: distanceOn });

/** The rows of the comparison, in their order. */
export const METHODS = among(COMPARISON);
/** Those that learn from preferences, in the order of their tables. */
export const PREFERENCE_METHODS = among(OF_PREFERENCES);
/** What the experiment `distances` makes its rows of. */
export const DISTANCE_ON = registered.distance_on;

/** The registered methods of these names. */
function among<Name extends keyof typeof registered>(
  names: Readonly<Record<Name, unknown>>,
): Pick<typeof registered, Name> {
  const isAmong = ([name]: readonly [string, unknown]) => Object.hasOwn(names, name);
  return Object.fromEntries(Object.entries(registered).filter(isAmong)) as Pick<typeof registered, Name>;
}
