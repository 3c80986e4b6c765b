import type { z } from "zod";

/** A message of a chat. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A kind of question for a model behind an endpoint. */
export interface Form<Answer> {
  /** What an answer is called in messages and in the cache's files, as in `grades`. */
  readonly name: string;
  /** Goes up with every change of the question's words: answers to other words are other answers. */
  readonly promptVersion: number;
  /** Said to a reply that cannot be read. */
  readonly reminder: string;
  /** The answer of a reply, if it can be read. @param finish why the reply ends, as the endpoint says it */
  parse(reply: string | undefined, finish?: string): Answer | undefined;
  isAnswer(value: unknown): value is Answer;
}

/** A question as a chat: what it asks for, and its material between tags. */
export function question(system: string, sections: Readonly<Record<string, string>>): Message[] {
  const content = Object.entries(sections).map(([tag, text]) => `<${tag}>\n${text}\n</${tag}>`).join("\n");
  return [{ role: "system", content: system }, { role: "user", content }];
}

/** The same once more, after a reply that could not be read: with a reminder, where the reply said anything at all. */
export function askedAgain(messages: readonly Message[], reminder: string, reply = ""): readonly Message[] {
  if (reply.trim() === "") return messages;
  return [...messages, { role: "assistant", content: reply }, { role: "user", content: reminder }];
}

/** A reply without the thoughts that some models write in front of it. */
export function withoutThoughts(reply: string): string {
  return reply.replace(/^\s*<think>.*?<\/think>\s*/s, "");
}

/** Reads the JSON of a reply: what was asked for and nothing else, but for thoughts before it and a fence around it. */
export function parseReply<Value>(schema: z.ZodType<Value>, reply = ""): Value | undefined {
  const spoken = withoutThoughts(reply).trim();
  const json = /^```(?:json)?\s(.*)```$/s.exec(spoken)?.[1] ?? spoken;
  try {
    return schema.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}
