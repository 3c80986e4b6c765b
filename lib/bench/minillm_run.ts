import { RandomStream } from "#lib/random/random_stream.ts";
import { miniLlmLoop } from "#lib/training/minillm_loop.ts";
import { observer } from "./training_curves.ts";
import type { StudentRun } from "./method.ts";
import type { Profile } from "./profile.ts";
import { dataOf, promptDraws } from "./student_texts.ts";

/** MiniLLM from the SFT student, its texts written by student and teacher mixed token by token. */
export async function miniLlm(run: StudentRun, settings: Profile["minillm"]): Promise<void> {
  const { bench, student, seed, log, checkpoint } = run;
  const { model: teacher } = await bench.teacher();
  await miniLlmLoop(bench.gpu, {
    players: { student, teacher },
    texts: {
      rollouts: promptDraws(run, { model: teacher, weight: settings.mixtureWeight }),
      data: dataOf(run),
    },
    settings,
    schedule: bench.schedule(bench.profile.distillation),
    optimizer: bench.optimizer,
    maxGradNorm: bench.profile.optimizer.maxGradNorm,
    random: new RandomStream(seed, "order of rollouts"),
    log,
    onStep: observer(run),
    checkpoint,
  });
}
