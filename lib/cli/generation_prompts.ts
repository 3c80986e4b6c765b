import { isJsonObject, parseJson } from "#lib/data/json_text.ts";
import type { Prompt } from "#lib/data/prompt.ts";
import { InputError } from "#lib/errors.ts";
import { type ChatTemplate, chatTemplateOf } from "#lib/tokenizers/chat_template.ts";
import { encodeMarkedPrompt, marksOf } from "#lib/tokenizers/marked_prompt.ts";
import { encodeTemplate, INSTRUCTION_TEMPLATE, PLAIN_TEMPLATE } from "#lib/tokenizers/prompt_template.ts";
import { decodeStrictly, linesOf, readTextStrictly } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { OpenedModel } from "./open_model.ts";

/** How a prompt becomes what the model reads. */
export const PROMPT_FORMS = ["plain", "instruction", "marked"] as const;

export interface PromptFlags {
  readonly chat: boolean;
  readonly system: string | undefined;
  readonly template: string | undefined;
}

/** @throws {InputError} if flags contradict each other */
export function checkPromptFlags({ chat, system, template }: PromptFlags): void {
  if (chat && template !== undefined) {
    throw new InputError(`--chat and --template ${template}: a prompt has one form; leave one of them out`);
  }
  if (system !== undefined && !chat) {
    throw new InputError("--system is a turn of a chat; give --chat as well");
  }
}

/**
 * The prompts of a file: each line a text, or a JSON object with `prompt`, or with `instruction` and perhaps `input`. Empty lines are
 * skipped; the file is JSON Lines where its first line begins with a brace.
 *
 * @throws {InputError} with file and line, if it cannot be read, a line is no such object, or there are none
 */
export async function readPromptFile(path: string): Promise<Prompt[]> {
  const lines = linesOf(await readTextStrictly(path)).map((line, index) => [line, index + 1] as const)
    .filter(([line]) => line.trim() !== "");
  if (lines.length === 0) {
    throw new InputError(`${path}: it has no prompts; write one a line, or JSON Lines with "prompt"`);
  }
  if (!lines[0][0].trimStart().startsWith("{")) return lines.map(([instruction]) => ({ instruction, input: "" }));
  return lines.map(([line, number]) => promptOfLine(line, `${path}, line ${number}`));
}

function promptOfLine(line: string, where: string): Prompt {
  const wrong = (problem: string) => new InputError(`${where}: ${problem}`);
  const value = parseJson(line, wrong);
  const { prompt, instruction = prompt, input = "" } = isJsonObject(value) ? value : {};
  if (typeof instruction !== "string") throw wrong('no text "prompt" (or "instruction")');
  if (typeof input !== "string") throw wrong('"input" must be a text');
  return { instruction, input };
}

/** What is piped into the program, without the line feed at its end; undefined where nothing is. */
export async function readPiped(
  stdin: Pick<typeof Deno.stdin, "readable" | "isTerminal">,
): Promise<string | undefined> {
  if (stdin.isTerminal()) return undefined;
  const text = decodeStrictly(await new Response(stdin.readable).bytes(), "standard input").replace(/\r?\n$/, "");
  return text === "" ? undefined : text;
}

/**
 * Encodes prompts for a model: by its chat template, in the instruction form, with this project's marks, or plain. Default: with marks
 * where its tokenizer has them, else plain, with the tokens around it that the checkpoint's tokenizer adds.
 *
 * @throws {InputError} if the model has no chat template, or its tokenizer no marks, where they are asked for
 */
export async function promptEncoder(opened: OpenedModel, flags: PromptFlags): Promise<(prompt: Prompt) => number[]> {
  const encode = await formOf(opened, flags);
  const { codec: { specialIds }, model } = opened;
  return (prompt) => {
    const ids = encode(prompt);
    // What encoder-decoders read ends with the token that ends a text, whichever form it has.
    if (model.layout.kind === "encoderDecoder" && specialIds.eos !== undefined && ids.at(-1) !== specialIds.eos) {
      return [...ids, specialIds.eos];
    }
    if (ids.length > 0) return ids;
    if (specialIds.bos !== undefined) return [specialIds.bos];
    throw new InputError(
      `the prompt "${
        excerpt(prompt.instruction, 40)
      }" has no tokens, and the tokenizer none that begins a text (bos_token); ` +
        "give a longer prompt",
    );
  };
}

async function formOf({ codec, folder }: OpenedModel, { chat, system, template }: PromptFlags) {
  if (chat) {
    if (folder === undefined) throw new InputError("the model of a cell has no chat template; leave --chat out");
    const rendered = chatRenderer(await chatTemplateOf(folder), system);
    return (prompt: Prompt) => codec.encode(rendered(prompt), { findSpecialTokens: true });
  }
  const marks = marksOf(codec);
  if (template === "marked" && marks === undefined) {
    throw new InputError(
      "--template marked: the tokenizer has no <ins>, <inp> and <res>: it is none of this project's",
    );
  }
  if (marks !== undefined && (template ?? "marked") === "marked") {
    return (prompt: Prompt) => encodeMarkedPrompt(codec, marks, prompt);
  }
  if (template === "instruction") return (prompt: Prompt) => encodeTemplate(codec, INSTRUCTION_TEMPLATE, prompt);
  return (prompt: Prompt) => codec.encode(PLAIN_TEMPLATE.render(prompt), { addSpecialTokens: true });
}

function chatRenderer(template: ChatTemplate, system: string | undefined): (prompt: Prompt) => string {
  const before = system === undefined ? [] : [{ role: "system", content: system }];
  return ({ instruction, input }) => {
    const content = input === "" ? instruction : `${instruction}\n\n${input}`;
    return template.render([...before, { role: "user", content }], { addGenerationPrompt: true });
  };
}
