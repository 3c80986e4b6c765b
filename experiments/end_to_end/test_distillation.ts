import { copyOfStories, STORIES } from "#lib/cli/test_stories.ts";

export { STORIES };

/** What stories260K wrote, with some texts to score on. */
export const TEXTS = decodeURIComponent(new URL("../../lib/distillation/testdata", import.meta.url).pathname);

/** A folder of a student from scratch: the teacher's tokenizer, and a configuration of a quarter of its size. */
export async function writeSmallStudent(folder: string): Promise<string> {
  const teacher = JSON.parse(await Deno.readTextFile(`${STORIES}/config.json`));
  const sizes = { hidden_size: 32, intermediate_size: 88, num_hidden_layers: 4 };
  const heads = { num_attention_heads: 4, num_key_value_heads: 2 };
  const config = JSON.stringify({ ...teacher, ...sizes, ...heads });
  return await copyOfStories(folder, { "config.json": config, "model.safetensors": undefined });
}

/** Arguments of a distillation of seconds, without where its student is written. */
export function distilArguments(student: string, ...more: readonly string[]): string[] {
  return [
    ...["distil", "--teacher", STORIES, "--teacher-is-tuned", "--student", student, "--data", TEXTS, "--bos"],
    ...["--steps", "12", "--sft-steps", "8", "--learning-rate", "3e-3", "--max-new-tokens", "26", "--quiet"],
    ...["--set", "evaluation.logEvery=4", ...more],
  ];
}
