import { InputError } from "#lib/errors.ts";

/** How a step's texts are read with less memory than all of them take at once; it learns from all of them all the same. */
export interface TrainingMemory {
  /**
   * Texts that are read at once, in micro-batches: gradients are those of the mean over the whole step, up to the order in which they are
   * added up. Default all of a step.
   */
  readonly textsAtOnce?: number;
  /** Whether backward runs a model's blocks again instead of keeping what they made: the same gradients to the bit. Default false. */
  readonly recompute?: boolean;
}

/**
 * For training whose objective is no sum over its texts.
 *
 * @param who reads them, for the message
 * @throws {InputError} if the texts of a step are to be read in micro-batches
 */
export function requireWholeSteps({ textsAtOnce }: TrainingMemory = {}, who: string): void {
  if (textsAtOnce === undefined) return;
  throw new InputError(`optimizer.textsAtOnce: ${who} needs all texts of a step at once; leave the setting out`);
}
