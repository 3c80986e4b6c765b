/**
 * Perplexity as a function of sums over items: e to the mean surprise of a token, in nats, over all tokens that were counted. A long item
 * weighs more than a short one.
 */
export const PERPLEXITY_OF_ITEMS = perplexityNamed("perplexity");
/** The same of a model's own answers, as its teacher reads them. */
export const TEACHER_PERPLEXITY_OF_ITEMS = perplexityNamed("teacher_perplexity");

/** Perplexity under a name, and what `items.csv` keeps of it. */
function perplexityNamed(metric: string) {
  return {
    metric,
    parts: [`${metric}.nats`, `${metric}.tokens`] as readonly string[],
    /** @param sums one for each of `parts` */
    valueOf([nats, tokens]: readonly number[]): number {
      return Math.exp(nats / tokens);
    },
  };
}

/** What a model finds surprising in a text. */
export interface Surprise {
  /** −Σ ln π(token | those before it), in nats. */
  readonly nats: number;
  /** Those that were counted. */
  readonly tokens: number;
}

/** The perplexity of texts. @throws {RangeError} if there are none, or one has no token */
export function perplexity(surprises: readonly Surprise[]): number {
  if (surprises.length === 0 || surprises.some(({ tokens }) => tokens < 1)) {
    throw new RangeError("Cannot compute a perplexity: a text has no token, or there is none");
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return PERPLEXITY_OF_ITEMS.valueOf([
    sum(surprises.map(({ nats }) => nats)),
    sum(surprises.map(({ tokens }) => tokens)),
  ]);
}

/** What `items.csv` keeps of each item, by name. */
export function surpriseColumns(
  surprises: readonly Surprise[],
  { parts: [nats, tokens] } = PERPLEXITY_OF_ITEMS,
): Record<string, number[]> {
  return { [nats]: surprises.map((each) => each.nats), [tokens]: surprises.map((each) => each.tokens) };
}
