import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";

const WINDOW_BATCHES = 8;

/**
 * An endless stream of batches: the texts shuffled, sorted by length within windows of eight batches so that a batch holds
 * texts of like length, the batches shuffled; then all over again. Texts that fill no window sit one round out.
 */
export function* textBatches<Text extends Trajectory>(
  texts: readonly Text[],
  batchSize: number,
  random: RandomStream,
): Generator<readonly Text[], never> {
  if (texts.length === 0) throw new RangeError("Cannot make batches of no texts");
  const size = Math.min(batchSize, texts.length);
  const window = Math.min(size * WINDOW_BATCHES, Math.floor(texts.length / size) * size);
  while (true) {
    const shuffled = random.shuffle([...texts]);
    const batches: Text[][] = [];
    for (let start = 0; start + window <= shuffled.length; start += window) {
      const sorted = shuffled.slice(start, start + window).sort((a, b) => length(a) - length(b));
      for (let at = 0; at < sorted.length; at += size) batches.push(sorted.slice(at, at + size));
    }
    yield* random.shuffle(batches);
  }
}

function length({ prompt, response }: Trajectory): number {
  return prompt.length + response.length;
}
