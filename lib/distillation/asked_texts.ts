import { z } from "zod";
import { defineSection } from "#lib/bench/section.ts";
import type { ScoredRecord } from "#lib/data/scored_sets.ts";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import type { EndpointNames } from "#lib/endpoint/address.ts";
import { type EndpointSettings, Examiner, type OpeningOptions, openOptions } from "#lib/endpoint/examiner.ts";
import { type Form, type Message, withoutThoughts } from "#lib/endpoint/messages.ts";
import { REQUEST_SETTINGS } from "#lib/endpoint/request_settings.ts";
import { InputError } from "#lib/errors.ts";
import { isFile, writeAtomically } from "#lib/results/storage.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";

/** What messages call the teacher behind an endpoint, and its flags. */
export const TEACHER: EndpointNames = {
  ...{ who: "teacher", url: "--teacher-endpoint", model: "--teacher-model" },
  temperature: "teacherEndpoint.temperature",
  keyVariable: "TEACHER_API_KEY",
};

/** The section of settings by which it is asked. */
export const TEACHER_ENDPOINT = defineSection({
  name: "teacherEndpoint",
  schema: z.strictObject({
    ...REQUEST_SETTINGS,
    temperature: z.number().min(0).default(1).describe("of the teacher's sampling; 1 draws its texts as it would"),
    maxTokens: z.int().min(1).nullable().default(null)
      .describe("of an answer, at most, by the teacher's tokenizer; null leaves it to the endpoint"),
  }).describe("how the teacher behind --teacher-endpoint is asked"),
});

const TEXT = z.strictObject({ text: z.string(), ended: z.enum(["eos", "length"]) });
type WrittenText = z.output<typeof TEXT>;

/** A text by itself: any can be read, so that no reminder is ever said, and one that is empty is an answer, too. */
const WRITING: Form<WrittenText> = {
  name: "text",
  promptVersion: 1,
  reminder: "",
  parse(reply, finish) {
    if (reply === undefined) return undefined;
    return { text: withoutThoughts(reply), ended: finish === "length" ? "length" : "eos" };
  },
  isAnswer: (value): value is WrittenText => TEXT.safeParse(value).success,
};

/** What a teacher behind an endpoint is asked, and where. */
export interface Asking {
  readonly endpoint: EndpointSettings;
  /** Records whose prompts it is asked; their responses are not sent. */
  readonly records: readonly ScoredRecord[];
  /** How models read prompts; the teacher is sent what a person would write. */
  readonly template: PromptTemplate;
  /** In front of every instruction. */
  readonly prefix: string;
}

/**
 * Asks a teacher for a text on each prompt, once: the texts are written to a file in the form of `generate`, which a person can read and
 * `readWrittenTexts` takes, and where that file is there already nobody is asked. Answers are kept in `teacher` of the cache as they come, so
 * that a run that is cut off goes on from there. A text that is cut by a limit says so; an empty one is left out.
 *
 * @throws {InputError} what reaching the endpoint and asking it do, or if it has written nothing
 */
export async function askTeacher(
  path: string,
  { endpoint, records, template, prefix }: Asking,
  { stop, ...opening }: Omit<OpeningOptions, "settings"> & { readonly stop: AbortSignal },
): Promise<void> {
  if (isFile(path)) return;
  const options = await openOptions(endpoint.url, TEACHER, opening);
  const examiner = new Examiner(WRITING, TEACHER, endpoint, options);
  const written = await examiner.answers(records, (record) => Promise.resolve(messagesOf(record, prefix)), stop);
  const lines = written.flatMap(({ text, ended }, i) => {
    const { instruction, input } = records[i];
    const prompt = input === "" ? instruction : template.render(records[i]);
    return text.trim() === "" ? [] : [JSON.stringify({ prompt, text, ended })];
  });
  if (lines.length === 0) {
    throw new InputError(`${TEACHER.url} ${endpoint.url}: all ${written.length} texts of ${endpoint.model} are empty`);
  }
  await writeAtomically(path, `${lines.join("\n")}\n`);
}

/** A prompt as a person sends it: a talk with its turns, anything else as one message, with its input below. */
function messagesOf(record: ScoredRecord, prefix: string): Message[] {
  const { instruction, input } = record;
  const { talk } = record as TrainingRecord;
  if (talk) return talk.map(({ role, content }) => ({ role: roleOf(role), content }));
  return [{ role: "user", content: `${prefix}${instruction}${input === "" ? "" : `\n\n${input}`}` }];
}

function roleOf(role: string): Message["role"] {
  if (role === "system" || role === "user" || role === "assistant") return role;
  throw new InputError(
    `${TEACHER.url}: a talk has a turn of the role ${JSON.stringify(role)}, which no endpoint takes`,
  );
}
