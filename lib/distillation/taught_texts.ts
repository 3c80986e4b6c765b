import { IMPOSSIBLE, NO_TOKEN } from "#kernels/lump/no_token.ts";
import type { DataNotes } from "#lib/data/data_notes.ts";
import type { TopTokenRows } from "#lib/objectives/top_token_file.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { InputError } from "#lib/errors.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import { excerpt } from "#lib/visible_text.ts";
import { type SaidToken, textOfToken } from "./token_logprobs.ts";
import { TokenSpelling } from "./token_spelling.ts";

/** What goes where a teacher's likeliest tokens do not. */
export const TEXTS_ALONE = "leave out --teacher-top-k and take seqkd, which needs its texts alone";

/** How a student reads a teacher's tokens. */
export interface Reading {
  readonly codec: TextCodec;
  readonly eosIds: readonly number[];
  /** V: ids from here on are not the student's. */
  readonly actionCount: number;
  /** K. */
  readonly count: number;
}

/** A text, and what is said of its tokens, where anything is. */
export interface SaidText {
  readonly text: Trajectory;
  /** Reads them: of one text at a time, for those of all may be gigabytes. */
  readonly tokens: () => readonly SaidToken[] | undefined;
}

/** What a teacher said of its own texts. */
export interface TaughtTexts {
  readonly texts: readonly Trajectory[];
  readonly topTokens: KnownRows;
}

/** Likeliest tokens of a teacher at the states of its own texts. */
export interface KnownRows {
  /** K, or V − 1 where that is less. */
  readonly count: number;
  /** Of each of the texts. */
  readonly rows: readonly TopTokenRows[];
}

/** What became of the tokens, to be said. */
interface Counts {
  tokens: number;
  foreign: number;
  states: number;
  short: number;
}

/** Where a text is cut otherwise than the student's tokenizer cuts it. */
interface OtherCut {
  readonly at: number;
  readonly said: string;
  readonly own: string;
}

/**
 * The texts at whose states a teacher's likeliest tokens are known, as tokens of the student's. A text must be cut into the tokens that the
 * student's tokenizer cuts it into; one that is not, as a sampled one may be now and then, is left out, and where most are, the tokenizer is
 * another. Of the likeliest tokens those that no id of the student's spells, or more than one, count among all others. The end of a text is
 * no token of an endpoint's: it is taken as certain, so that the loss there is cross-entropy.
 *
 * @throws {InputError} if no text has likeliest tokens, or the teacher's tokenizer is not the student's
 */
export function taughtTexts(path: string, all: readonly SaidText[], reading: Reading, notes: DataNotes): TaughtTexts {
  const [spelling, count] = [
    new TokenSpelling(reading.codec, reading.actionCount),
    Math.min(reading.count, reading.actionCount - 1),
  ];
  const counts = { tokens: 0, foreign: 0, states: 0, short: 0 };
  const others: OtherCut[] = [];
  let said = 0;
  const taught = all.flatMap(({ text, tokens: read }) => {
    const tokens = read();
    if (tokens === undefined) return [];
    said++;
    const end = reading.eosIds.includes(text.response.at(-1)!) ? text.response.at(-1) : undefined;
    const other = otherCut(tokens, text.response, end !== undefined, spelling);
    if (other) others.push(other);
    return other ? [] : [{ text, rows: rowsOf(tokens, text.response, { end, spelling, count, counts }) }];
  });
  if (said === 0) {
    throw new InputError(
      `${path}: none of its texts has its likeliest tokens (\`logprobs\` with \`top_logprobs\`); ${TEXTS_ALONE}`,
    );
  }
  if (2 * others.length > said) throw new InputError(`${path}: ${describeOther(others, said)}`);
  const set = "teacher texts";
  notes.count(set, all.length - said, all.length, "have no likeliest tokens and are left out");
  notes.count(set, others.length, all.length, "are cut into other tokens than the student's and are left out");
  notes.count(
    set,
    counts.foreign,
    counts.tokens,
    "likeliest tokens are none of the student's: they count as another one",
  );
  notes.count(set, counts.short, counts.states, `states have fewer than ${count} likeliest tokens`);
  return {
    texts: taught.map(({ text }) => text),
    topTokens: { count, rows: taught.map(({ rows }) => rows) },
  };
}

function describeOther([{ at, said, own }, ...more]: readonly OtherCut[], texts: number): string {
  const [theirs, students] = [said, own].map((
    token,
  ) => (token === "" ? "its end" : JSON.stringify(excerpt(token, 30))));
  return `the teacher's tokenizer is not the student's: ${
    more.length + 1
  } of ${texts} texts are cut otherwise, the first at ` +
    `token ${at + 1}, ${theirs} where the student has ${students}; ${TEXTS_ALONE}`;
}

/** @param isEnded whether the response ends with an end, which the tokens may lack, and not where a limit cut it */
function otherCut(
  tokens: readonly SaidToken[],
  response: readonly number[],
  isEnded: boolean,
  spelling: TokenSpelling,
): OtherCut | undefined {
  const own = isEnded ? response.slice(0, -1) : response;
  const at = own.findIndex((id, t) => t >= tokens.length || !spelling.isSpeltBy(textOfToken(tokens[t].token), id));
  if (at >= 0) {
    return { at, said: at < tokens.length ? textOfToken(tokens[at].token) : "", own: spelling.textOf(own[at]) };
  }
  // Behind the text there may be its end, and of a text that was cut here all that was cut.
  if (!isEnded || tokens.length <= own.length + 1) return undefined;
  return { at: own.length, said: textOfToken(tokens[own.length].token), own: "" };
}

interface RowMaking {
  readonly end: number | undefined;
  readonly spelling: TokenSpelling;
  readonly count: number;
  readonly counts: Counts;
}

function rowsOf(
  tokens: readonly SaidToken[],
  { length }: readonly number[],
  { end, spelling, count, counts }: RowMaking,
): TopTokenRows {
  const ids = new Uint32Array(length * count).fill(NO_TOKEN);
  const logProbs = new Float32Array(length * (count + 1)).fill(IMPOSSIBLE);
  for (let t = 0; t < length; t++) {
    const isEnd = end !== undefined && t === length - 1;
    const known = isEnd
      ? { events: [{ id: end, logProb: 0 }], others: IMPOSSIBLE }
      : eventsOf(tokens[t].top_logprobs, { spelling, count, counts });
    known.events.forEach(({ id, logProb }, k) => {
      ids[t * count + k] = id;
      logProbs[t * (count + 1) + k] = logProb;
    });
    logProbs[t * (count + 1) + count] = known.others;
  }
  return { ids, logProbs };
}

/** Tokens of the student's with their log-probabilities, ascending, and that of all others. */
function eventsOf(
  likeliest: SaidToken["top_logprobs"],
  { spelling, count, counts }: Omit<RowMaking, "end">,
): { readonly events: readonly { readonly id: number; readonly logProb: number }[]; readonly others: number } {
  const byId = new Map<number, number>();
  const first = likeliest.toSorted(([, a], [, b]) => b - a).slice(0, count);
  let [known, foreign] = [0, 0];
  for (const [token, logprob] of first) {
    const id = spelling.idOf(textOfToken(token));
    if (id === undefined || byId.has(id)) {
      foreign += Math.exp(logprob);
      counts.foreign++;
    } else {
      byId.set(id, logprob);
      known += Math.exp(logprob);
    }
  }
  counts.tokens += first.length;
  counts.states++;
  if (first.length < count) counts.short++;
  const others = Math.max(1 - known, foreign);
  return {
    events: [...byId].map(([id, logProb]) => ({ id, logProb })).sort((a, b) => a.id - b.id),
    others: others > 0 ? Math.max(Math.log(others), IMPOSSIBLE) : IMPOSSIBLE,
  };
}
