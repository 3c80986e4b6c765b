import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { instructionRecords } from "./json_lines.ts";
import { describeJson, isJsonObject, type JsonObject } from "./json_text.ts";
import { PUBLISHED_TASKS, type PublishedTask } from "./published_tasks.ts";
import { readRows, type Row } from "./record_rows.ts";
import { isTask, kindOfFields, promptRecord, type RecordForm, recordOfTask, type ScoredRecord } from "./scored_sets.ts";

/** A turn of a talk, as chat templates have it. */
export interface Turn {
  readonly role: string;
  readonly content: string;
}

/** A prompt with its response, the first of its references. */
export interface TrainingRecord extends ScoredRecord {
  /** The turns before the response, where the prompt is a talk; `instruction` is then their JSON. */
  readonly talk?: readonly Turn[];
  /** What the file says of the probabilities of the response's tokens, unread, and where. */
  readonly logprobs?: { readonly where: string; readonly given: unknown };
}

/** What records are: those of `RecordForm` that have responses, and talks, which a chat template makes prompts of. */
export type TrainingForm = Exclude<RecordForm, "text"> | "messages";

export interface TrainingFile {
  readonly form: TrainingForm;
  readonly records: readonly TrainingRecord[];
  /** Records without a response, which are left out. */
  readonly unanswered: number;
  /** Talks whose last turn is not the assistant's, which are left out. */
  readonly longTalks: number;
}

/** Keys that may hold a response, by kind. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  instruction: ["output", "response"],
  prompt: ["response", "completion", "text"],
};
const EXPECTED = "instruction and output, prompt and response, or messages";

/**
 * Reads the records of a file (see `readRows`) that have a prompt and a response. Its first record says of which form all are.
 *
 * | keys | form |
 * |---|---|
 * | `messages`: a list of turns with `role` and `content`, the last of them the assistant's, which is the response | talks |
 * | `instruction`, perhaps `input` or `context`; `output` or `response` | instructions |
 * | `prompt`; `response`, `completion` or, as `generate` writes it, `text` | prompts as they are |
 * | those of SAMSum, IWSLT or StrategyQA (see `PUBLISHED_TASKS`) | a task's sources |
 *
 * @throws {InputError} with file and record, if it is none of these, or a record is wrong; one without a response is left out
 */
export async function readTrainingFile(path: string): Promise<TrainingFile> {
  const rows = await readRows(path);
  if (rows.length === 0) throw new InputError(`${path}: it has no records; expected ${EXPECTED}`);
  const [{ fields }] = rows;
  if (Object.hasOwn(fields, "messages")) return readTalks(rows);
  const kind = kindOfFields(fields);
  if (kind === "text") {
    throw new InputError(`${path}: its records are texts without a prompt; distillation needs ${EXPECTED}`);
  }
  if (kind === undefined) {
    const keys = excerpt(Object.keys(fields).join(", ")) || "none";
    throw new InputError(`${path}: its first record has the keys ${keys}; expected ${EXPECTED}`);
  }
  const answered = rows.filter((row) => !isUnanswered(kind, row.fields));
  if (answered.length === 0) {
    throw new InputError(
      `${path}: none of its ${rows.length} records has a response (${(ANSWERS[kind] ?? []).join(" or ")})`,
    );
  }
  const records = answered.flatMap((row) => recordsOf(kind, row));
  return { form: isTask(kind) ? "source" : kind, records, unanswered: rows.length - answered.length, longTalks: 0 };
}

/** Whether a record lacks what its form calls a response, or it is empty. */
function isUnanswered(kind: string, fields: JsonObject): boolean {
  if (!(kind in ANSWERS) || fields.instances !== undefined) return false;
  const answer = ANSWERS[kind].map((key) => fields[key]).find((value) => value !== undefined && value !== null);
  return answer === undefined || (typeof answer === "string" && answer.trim() === "") ||
    (Array.isArray(answer) && answer.length === 0);
}

function recordsOf(
  kind: Exclude<TrainingForm, "source" | "messages"> | PublishedTask,
  { fields, where }: Row,
): TrainingRecord[] {
  if (isTask(kind)) return [recordOfTask(PUBLISHED_TASKS[kind].parse(fields, where))];
  const wrong = (problem: string) => new InputError(`${where}: ${problem}`);
  if (kind === "instruction") return instructionRecords(fields, wrong);
  const { logprobs: given } = fields;
  return [{ ...promptRecord(fields, wrong), ...(given !== undefined && { logprobs: { where, given } }) }];
}

function readTalks(rows: readonly Row[]): TrainingFile {
  const talks = rows.map(turnsOf);
  const ended = talks.filter((turns) => turns.at(-1)?.role === "assistant" && turns.length > 1);
  const answered = ended.filter((turns) => turns.at(-1)!.content.trim() !== "");
  if (answered.length === 0) {
    throw new InputError(`${rows[0].where}: none of the ${rows.length} talks ends with a response of the assistant`);
  }
  return {
    form: "messages",
    records: answered.map((turns) => {
      const talk = turns.slice(0, -1);
      return { instruction: JSON.stringify(talk), input: "", references: [turns.at(-1)!.content], talk };
    }),
    unanswered: ended.length - answered.length,
    longTalks: talks.length - ended.length,
  };
}

function turnsOf({ fields: { messages }, where }: Row): Turn[] {
  if (!Array.isArray(messages)) {
    throw new InputError(`${where}: "messages" is ${describeJson(messages)} but must be a list of turns`);
  }
  return messages.map((turn, index) => {
    const { role, content } = isJsonObject(turn) ? turn : {};
    if (typeof role === "string" && typeof content === "string") return { role, content };
    throw new InputError(`${where}: turn ${index + 1} of "messages" must have the texts "role" and "content"`);
  });
}
