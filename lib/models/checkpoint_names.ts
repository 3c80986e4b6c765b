/** How checkpoints in the wild name the tensors of a family, beside the names that transformers writes today. */
export interface CheckpointNames {
  /** How names of the model's body begin here, and what stands in place of that in other files. */
  readonly prefixes: readonly [own: string, ...others: string[]];
  /** Stored tensors that are no weights: masks and frequencies, which whoever computes makes anew. */
  readonly buffers?: RegExp;
  /** Further names of the token embedding, under which files may hold it again; the head is no such name. */
  readonly embeddingCopies?: readonly string[];
}
