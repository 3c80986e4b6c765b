import type { Prompt } from "#lib/data/prompt.ts";
import { ProjectCodec } from "./project_codec.ts";
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
  // The project's own codec puts the space in front that its pieces are made with; an exported one encodes as a text is.
  const spaced = (text: string) => codec instanceof ProjectCodec || text === "" ? text : ` ${text}`;
  const encode = (text: string) => codec.encode(spaced(text), { findSpecialTokens: false });
  const inputIds = input === "" ? [] : [marks.input, ...encode(input)];
  return [marks.instruction, ...encode(instruction), ...inputIds, marks.response];
}
