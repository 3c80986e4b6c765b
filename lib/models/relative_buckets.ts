/** How T5 sorts the distances between a query and its keys. */
export interface BucketSettings {
  /** R */
  readonly numBuckets: number;
  /** Tokens; everything farther away shares a bucket. */
  readonly maxDistance: number;
}

/**
 * The bucket of every offset key − query from −(T − 1) to T − 1, 2T − 1 numbers (Raffel et al. 2020, arXiv 1910.10683, section 2.1; the
 * rule is that of the published code): half of the buckets hold one distance each, the others ranges that grow logarithmically. Where
 * later keys are seen too, they have half of all buckets.
 */
export function relativeBuckets(
  tokens: number,
  { numBuckets, maxDistance }: BucketSettings,
  causal: boolean,
): Uint32Array<ArrayBuffer> {
  const perSide = causal ? numBuckets : numBuckets / 2;
  return Uint32Array.from({ length: 2 * tokens - 1 }, (_, i) => {
    const offset = i - (tokens - 1);
    if (causal) return bucketOf(Math.max(0, -offset), perSide, maxDistance);
    return (offset > 0 ? perSide : 0) + bucketOf(Math.abs(offset), perSide, maxDistance);
  });
}

/** The bucket of a key d tokens before its query, for d = 0 … T − 1, in causal attention. */
export function backwardBuckets(tokens: number, { numBuckets, maxDistance }: BucketSettings): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: tokens }, (_, distance) => bucketOf(distance, numBuckets, maxDistance));
}

function bucketOf(distance: number, buckets: number, maxDistance: number): number {
  const exact = Math.floor(buckets / 2);
  if (distance < exact) return distance;
  // In single precision, as checkpoints were trained: exact powers lie on the border of two buckets.
  const logarithm = Math.fround(Math.log(Math.fround(distance / exact)));
  const share = Math.fround(logarithm / Math.fround(Math.log(maxDistance / exact)));
  return Math.min(exact + Math.floor(Math.fround(share * (buckets - exact))), buckets - 1);
}
