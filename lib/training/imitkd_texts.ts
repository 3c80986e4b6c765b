import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { gkdTexts } from "./gkd_texts.ts";
import { ReplayBuffer } from "./replay_buffer.ts";
import type { SavedPart } from "./resumable.ts";
import type { TextDraws, TextSource } from "./text_draws.ts";

export interface ImitkdTextSettings {
  /** Probability that a step's texts are the student's; Lin et al. let it grow over the run, the public code of DistiLLM keeps it at 1. */
  readonly studentShare: number;
  /** Texts in the replay buffer. */
  readonly capacity: number;
}

/**
 * Texts of the student through a replay buffer: with probability `studentShare` a step writes a batch, adds it to the buffer and
 * learns from as many texts drawn from all that it holds; else it takes the data (ImitKD, Lin et al. 2020, arXiv 2009.07253: DAgger's
 * data set of all texts so far, as `mixed-fkl` of the public code of DistiLLM bounds it). Its state is the buffer's.
 */
export function imitkdTexts(
  draws: TextDraws,
  { studentShare, capacity }: ImitkdTextSettings,
  random: RandomStream,
): TextSource {
  const buffer = new ReplayBuffer(capacity, random);
  const student = async () => {
    const fresh = await draws.student();
    buffer.push(fresh);
    return buffer.draw(fresh.length);
  };
  return {
    next: gkdTexts({ data: () => draws.data(), student }, { studentShare }, random),
    state: () => buffer.state(),
    restore: (saved: SavedPart<readonly Trajectory[]>) => buffer.restore(saved),
  };
}
