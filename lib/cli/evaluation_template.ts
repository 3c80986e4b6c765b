import type { ScoredSet } from "#lib/data/scored_sets.ts";
import { InputError } from "#lib/errors.ts";
import type { TextLayout } from "#lib/models/language_model.ts";
import { chatTemplateOf } from "#lib/tokenizers/chat_template.ts";
import { markedTemplate, marksOf, spaceOf } from "#lib/tokenizers/marked_prompt.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import {
  chatPromptTemplate,
  INSTRUCTION_TEMPLATE,
  PLAIN_TEMPLATE,
  type PromptTemplate,
  withPrefix,
} from "#lib/tokenizers/prompt_template.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";

export interface TemplateChoice {
  readonly codec: TextCodec;
  /** Of the model's files; a cell has none. */
  readonly folder?: string;
  readonly layout: TextLayout["kind"];
  readonly chat: boolean;
  /** In front of every instruction, prompt or source. */
  readonly prefix: string;
}

/**
 * How the records of a set become prompts: by the checkpoint's chat template where that is asked for; by the markers that this
 * project's own models have learned; instructions in the form of Alpaca; all else as it is.
 *
 * @throws {InputError} if a chat template is asked for and there is none
 */
export async function templateFor({ form }: Pick<ScoredSet, "form">, choice: TemplateChoice): Promise<PromptTemplate> {
  return withPrefix(await ownTemplate(form, choice), choice.prefix);
}

async function ownTemplate(
  form: ScoredSet["form"],
  { codec, folder, layout, chat }: TemplateChoice,
): Promise<PromptTemplate> {
  if (chat) {
    if (folder === undefined) throw new InputError("a cell of the results has no chat template; leave --chat out");
    const template = await chatTemplateOf(folder);
    return chatPromptTemplate(template, template.source);
  }
  if (isOwn(codec)) {
    const marks = layout === "oneText" ? marksOf(codec) : undefined;
    if (marks) return markedTemplate(codec, marks);
    const space = spaceOf(codec);
    return { ...withPrefix(PLAIN_TEMPLATE, space), beforeResponse: space };
  }
  return form === "instruction" ? INSTRUCTION_TEMPLATE : PLAIN_TEMPLATE;
}

/** Whether a tokenizer is one that this project has trained, by its special tokens. */
function isOwn(codec: TextCodec): boolean {
  if (codec instanceof ProjectCodec) return true;
  const { bos, eos, pad } = codec.specialIds;
  const spell = (id: number | undefined) => (id === undefined ? "" : codec.decode([id], { keepSpecialTokens: true }));
  return bos === undefined && spell(eos) === "<eos>" && spell(pad) === "<pad>";
}
