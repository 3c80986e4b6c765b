import { Critic, type CriticConfig } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { MomentSettings } from "#lib/objectives/moment_matching.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Workbench } from "./workbench.ts";

/** What a critic sees, and its form. */
export type CriticSettings = Pick<MomentSettings, "features"> & Pick<CriticConfig, "head" | "bound">;

/** A critic of the sizes that its features and the vocabulary ask for; a hidden layer starts from draws of its own, a tied head is the teacher's. */
export function criticOf(
  { gpu, texts }: Pick<Workbench, "gpu" | "texts">,
  { student, teacher }: { readonly student: LanguageModel; readonly teacher: LanguageModel },
  { features, head, bound }: CriticSettings,
  seed: number,
  purpose: string,
): Critic {
  const sizes = { student: student.config.hiddenSize, teacher: teacher.config.hiddenSize };
  const featureSize = features === "both" ? sizes.student + sizes.teacher : sizes[features];
  const random = new RandomStream(seed, purpose);
  const config = { featureSize, vocabSize: texts.vocabSize, head, bound };
  return new Critic(gpu, config, () => random.normal(), teacher);
}
