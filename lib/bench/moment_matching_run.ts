import { adversarialLoop, type AdversarialSettings, type AdversarialTexts } from "#lib/training/adversarial_loop.ts";
import { observer, type RunCritics } from "./training_curves.ts";
import { fromSft, type Method, type StudentRun } from "./method.ts";
import type { AmmdSettings } from "./profile.ts";
import { dataOf, promptDraws, teacherTextsOf } from "./student_texts.ts";

/** AMMD Algorithm 1 from the SFT student, with the profile's settings but for what sets a variant apart. */
export function momentMatching(summary: string, variant: Partial<AmmdSettings>): Method {
  return fromSft({
    summary,
    module: import.meta.url,
    variant: JSON.stringify(variant),
    key: ({ ammd }) => `moment matching ${JSON.stringify({ ...ammd, ...variant })}`,
    train: (run) => matchMoments(run, changed(run.bench.profile.ammd, variant)),
  });
}

/** Settings with some of them replaced; the others are read when they are asked for, and no sooner: a run depends on what it reads. */
function changed(settings: AmmdSettings, variant: Partial<AmmdSettings>): AmmdSettings {
  const result = {};
  for (const key of Object.keys(settings) as (keyof AmmdSettings)[]) {
    Object.defineProperty(result, key, { enumerable: true, get: () => key in variant ? variant[key] : settings[key] });
  }
  return result as AmmdSettings;
}

/** Trains the run's student so, with these settings. */
export async function matchMoments(run: StudentRun, settings: AmmdSettings): Promise<void> {
  const { bench, student, seed, log, checkpoint } = run;
  const { gpu, profile } = bench;
  const { model: teacher } = await bench.teacher();
  using offPolicyCritic = bench.critic({ student, teacher }, settings, seed, "off-policy critic");
  using onPolicyCritic = bench.critic({ student, teacher }, settings, seed, "on-policy critic");
  const critics: RunCritics = { offPolicyCritic, onPolicyCritic, settings };
  await adversarialLoop(gpu, {
    players: { student, teacher, offPolicyCritic, onPolicyCritic },
    texts: await adversarialTexts(run, settings),
    settings: settings as AdversarialSettings,
    schedule: bench.schedule(profile.distillation),
    optimizer: bench.optimizer,
    maxGradNorm: profile.optimizer.maxGradNorm,
    log,
    onStep: observer(run, { critics }),
    checkpoint,
  });
}

/** Teacher texts (or the data's), the student's own continuations of fresh prompts, and the data. */
async function adversarialTexts(run: StudentRun, { offPolicySource }: AmmdSettings): Promise<AdversarialTexts> {
  const ofTeacher = offPolicySource === "teacher";
  return {
    offPolicy: ofTeacher ? await teacherTextsOf(run) : dataOf(run, "off-policy texts"),
    offPolicyStates: ofTeacher ? await run.bench.teacherStates() : undefined,
    data: dataOf(run),
    onPolicy: promptDraws(run),
  };
}
