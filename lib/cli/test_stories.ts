/** A small trained model with its tokenizer, and what transformers made of it. */
export const STORIES = decodeURIComponent(
  new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname,
);

interface RecordedStory {
  readonly story: string;
  readonly story_perplexity: number;
  /** The same words in another order. */
  readonly shuffled: string;
  readonly shuffled_perplexity: number;
  readonly prompt: string;
  /** The prompt, and what the model wrote greedily after it, behind the beginning of a text. */
  readonly greedy_text: string;
}

export const recordedStory: RecordedStory = JSON.parse(Deno.readTextFileSync(`${STORIES}/recorded.json`));

/** Writes records as JSON Lines. */
export async function writeLines(path: string, records: readonly object[]): Promise<void> {
  await Deno.writeTextFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

/** A copy of the model's folder, with other content in some of its files, or without them. */
export async function copyOfStories(
  folder: string,
  changes: Readonly<Record<string, string | Uint8Array | undefined>> = {},
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  for (const { name } of Deno.readDirSync(STORIES)) {
    if (!Object.hasOwn(changes, name)) await Deno.copyFile(`${STORIES}/${name}`, `${folder}/${name}`);
  }
  for (const [name, content] of Object.entries(changes)) {
    if (typeof content === "string") await Deno.writeTextFile(`${folder}/${name}`, content);
    else if (content) await Deno.writeFile(`${folder}/${name}`, content);
  }
  return folder;
}
