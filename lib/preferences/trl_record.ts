import { describeJson, isJsonObject, type JsonObject } from "#lib/data/json_text.ts";
import { excerpt } from "#lib/visible_text.ts";
import { type Complain, type PairRecord, textField } from "./pair_record.ts";

/** A text and the messages of the talk before it. */
interface Spoken {
  readonly text: string;
  readonly before: readonly Message[];
}

interface Message {
  readonly role: string;
  readonly content: string;
}

/** Stands for the oracle of pairs of this form. */
export const CHOSEN = "chosen";

/** The keys of TRL's form of preferences, where a file is of that. */
export const TRL_COLUMNS = ["prompt", "chosen", "rejected"] as const;

/**
 * A pair in the form that the trainers of Hugging Face's TRL read ("preference" in its page on dataset formats): `prompt`, `chosen` and
 * `rejected`, each a text or a list of messages with `role` and `content`. The last message of `chosen` and `rejected` is the response.
 * Without a `prompt`, what stands before it in both is the prompt ("implicit prompt"); with one it must say the same. A system's
 * message is put in front of the user's, an empty line between them.
 *
 * @returns undefined where the talk has several turns, which no prompt of ours has
 * @throws {InputError} if something is missing or of a wrong type, a text is empty, or both responses are the same
 */
export function trlRecord(fields: JsonObject, wrong: Complain): PairRecord | undefined {
  const [chosen, rejected] = ["chosen", "rejected"].map((name) => spoken(fields, name, wrong));
  if (JSON.stringify(chosen.before) !== JSON.stringify(rejected.before)) {
    throw wrong('"chosen" and "rejected" answer different messages, but must answer the same');
  }
  const given = promptOf(fields, wrong);
  const { before } = chosen;
  if (given.length + before.length === 0) {
    throw wrong(`"prompt" is ${describeJson(fields.prompt)} but must be a text or a list of messages`);
  }
  if (hasSeveralTurns(given) || hasSeveralTurns(before)) return undefined;
  if (given.length > 0 && before.length > 0 && given.at(-1)!.content !== before.at(-1)!.content) {
    throw wrong('"prompt" is another text than the message that "chosen" and "rejected" answer');
  }
  // The one that has the system's message, where only one has.
  const messages = before.length > given.length ? before : given;
  const [first, second] = [chosen.text, rejected.text];
  if (first === second) throw wrong('"chosen" and "rejected" are the same text, of which none can be preferred');
  const text = messages.map(({ content }) => content).join("\n\n");
  return { prompt: text, first, second, label: 1, oracle: CHOSEN, round: 0 };
}

/** The pair in TRL's form, the preferred text chosen; undefined for a tie, which that form cannot say. */
export function asTrl({ prompt, first, second, label }: PairRecord): Readonly<Record<string, string>> | undefined {
  if (label === 0.5) return undefined;
  const [chosen, rejected] = label > 0.5 ? [first, second] : [second, first];
  return { prompt, chosen, rejected };
}

/** The messages of `prompt`; none where it is missing. */
function promptOf(fields: JsonObject, wrong: Complain): readonly Message[] {
  const { prompt } = fields;
  if (prompt === undefined || prompt === null) return [];
  if (Array.isArray(prompt)) return messagesOf(prompt, "prompt", wrong);
  return [{ role: "user", content: textField(fields, "prompt", wrong) }];
}

function spoken(fields: JsonObject, name: string, wrong: Complain): Spoken {
  const value = fields[name];
  if (!Array.isArray(value)) return { text: textField(fields, name, wrong), before: [] };
  const messages = messagesOf(value, name, wrong);
  const last = messages[messages.length - 1];
  if (last.role !== "assistant") {
    throw wrong(`the last message of "${name}" is of role "${excerpt(last.role)}" but must be of "assistant"`);
  }
  return { text: last.content, before: messages.slice(0, -1) };
}

function messagesOf(values: readonly unknown[], name: string, wrong: Complain): Message[] {
  if (values.length === 0) throw wrong(`"${name}" is an empty list but must be a text or a list of messages`);
  return values.map((value, i) => {
    const at = (problem: string) => wrong(`message ${i + 1} of "${name}": ${problem}`);
    if (!isJsonObject(value)) throw at(`it is ${describeJson(value)} but must be an object with "role" and "content"`);
    return { role: textField(value, "role", at), content: textField(value, "content", at) };
  });
}

/** Whether somebody answered already: a prompt is what one person says, a system's message before it at most. */
function hasSeveralTurns(messages: readonly Message[]): boolean {
  return messages.some(({ role }) => role !== "system" && role !== "user") ||
    messages.filter(({ role }) => role === "user").length > 1;
}
