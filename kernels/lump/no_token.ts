/** In the place of an id where a row has no further token. */
export const NO_TOKEN = 2 ** 32 - 1;
/** The logit of an event that never happens: so low that none of a model's comes near it, and finite. */
export const IMPOSSIBLE = -1e30;
