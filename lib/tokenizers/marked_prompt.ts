import type { Prompt } from "#lib/data/prompt.ts";
import { ProjectCodec } from "./project_codec.ts";
import type { PromptTemplate } from "./prompt_template.ts";
import type { TextCodec } from "./text_codec.ts";

/** The ids of this project's marks, where a tokenizer has them: `<ins>` instruction, `<inp>` input, `<res>`. */
export interface PromptMarks {
  readonly instruction: number;
  readonly input: number;
  readonly response: number;
}

/** The marks of a tokenizer that this project trained for instructions, read from its results or from an exported folder. */
export function marksOf(codec: TextCodec): PromptMarks | undefined {
  const [instruction, input, response] = ["<ins>", "<inp>", "<res>"].map((mark) => {
    const ids = codec.encode(mark, { findSpecialTokens: true });
    return ids.length === 1 && codec.isSpecial(ids[0]) ? ids[0] : undefined;
  });
  if (instruction === undefined || input === undefined || response === undefined) return undefined;
  return { instruction, input, response };
}

/** The ids of a prompt as this project's students are trained with: `encodePrompt` by a codec. */
export function encodeMarkedPrompt(codec: TextCodec, marks: PromptMarks, { instruction, input }: Prompt): number[] {
  const encode = (text: string) =>
    codec.encode(text === "" ? text : `${spaceOf(codec)}${text}`, { findSpecialTokens: false });
  const inputIds = input === "" ? [] : [marks.input, ...encode(input)];
  return [marks.instruction, ...encode(instruction), ...inputIds, marks.response];
}

/** The form that this project's own decoders have learned: `<ins>` instruction, `<inp>` input unless it is empty, `<res>`. */
export function markedTemplate(codec: TextCodec, marks: PromptMarks): PromptTemplate {
  const space = spaceOf(codec);
  return {
    name: "markers",
    source: `marks apart\0<ins>${space}{instruction}<inp>${space}{input}<res>${space}`,
    spellsSpecialTokens: true,
    beforeResponse: space,
    encode: (prompt) => encodeMarkedPrompt(codec, marks, prompt),
    render: ({ instruction, input }) =>
      `<ins>${space}${instruction}${input === "" ? "" : `<inp>${space}${input}`}<res>`,
  };
}

/** What stands in front of each text: a space in a `tokenizer.json`; `ProjectCodec` puts it there itself. */
export function spaceOf(codec: TextCodec): " " | "" {
  return codec instanceof ProjectCodec ? "" : " ";
}
