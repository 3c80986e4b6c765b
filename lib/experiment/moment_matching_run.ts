import { adversarialLoop, type AdversarialSettings, type AdversarialTexts } from "#lib/training/adversarial_loop.ts";
import { observer, type RunCritics } from "./training_curves.ts";
import { fromSft, type Method, type StudentRun } from "./method.ts";
import type { AmmdSettings, Profile } from "./profile.ts";
import { dataOf, promptDraws, teacherTextsOf } from "./student_texts.ts";

/** AMMD Algorithm 1 from the SFT student, with the profile's settings but for what sets a variant apart. */
export function momentMatching(summary: string, variant: Partial<AmmdSettings>): Method {
  const settingsOf = (profile: Profile) => ({ ...profile.ammd, ...variant });
  return fromSft(
    summary,
    (profile) => `moment matching ${JSON.stringify(settingsOf(profile))}`,
    (run) => matchMoments(run, settingsOf(run.bench.profile)),
  );
}

async function matchMoments(run: StudentRun, settings: AmmdSettings): Promise<void> {
  const { bench, student, seed, log } = run;
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
  });
}

/** Teacher texts (or the data's), the student's own continuations of fresh prompts, and the data. */
async function adversarialTexts(run: StudentRun, { offPolicySource }: AmmdSettings): Promise<AdversarialTexts> {
  const { bench, seed } = run;
  const ofTeacher = offPolicySource === "teacher";
  return {
    offPolicy: ofTeacher ? await teacherTextsOf(run) : bench.batchesOf(bench.texts.train, seed, "off-policy texts"),
    offPolicyStates: ofTeacher ? await bench.teacherStates() : undefined,
    data: dataOf(run),
    onPolicy: promptDraws(run),
  };
}
