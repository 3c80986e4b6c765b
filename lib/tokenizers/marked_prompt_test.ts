import { assertEquals } from "@std/assert";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { formatHuggingFaceTokenizer } from "#lib/data/hugging_face_tokenizer.ts";
import { encodePrompt, encodeResponse } from "#lib/data/prompt.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { encodeMarkedPrompt, markedTemplate, marksOf } from "./marked_prompt.ts";
import { ProjectCodec } from "./project_codec.ts";
import { encodeExample, encodeTemplate, withPrefix } from "./prompt_template.ts";
import { tokenizerOf } from "./tokenizer_files.ts";

const tokenizer = new BpeTokenizer(trainBpe([" the cat sat", " the hat"], { vocabSize: 280, alphabet: "bytes" }));

testInFolder(
  "marked prompts are those that students are trained with, by the tokenizer itself and as it is exported",
  async (folder) => {
    const { json } = formatHuggingFaceTokenizer(tokenizer, 288);
    await Deno.writeTextFile(`${folder}/tokenizer_config.json`, JSON.stringify({ eos_token: "<eos>" }));
    await Deno.writeTextFile(`${folder}/tokenizer.json`, JSON.stringify(json));
    const prompts = [
      { instruction: "the cat", input: "" },
      { instruction: " the cat\n", input: "the hat sat" },
      { instruction: "", input: "" },
      { instruction: "the <res> cat", input: "<ins><inp>" },
    ];
    for (const codec of [new ProjectCodec(tokenizer), await tokenizerOf(folder)]) {
      const marks = marksOf(codec)!;
      for (const prompt of prompts) {
        assertEquals(
          encodeMarkedPrompt(codec, marks, prompt),
          encodePrompt(tokenizer, prompt),
        );
        for (const response of ["sat on it", "the <ins>"]) {
          assertEquals(encodeExample(codec, markedTemplate(codec, marks), { ...prompt, response }), {
            promptIds: encodePrompt(tokenizer, prompt),
            responseIds: encodeResponse(tokenizer, response),
          });
        }
        const prefixed = { ...prompt, instruction: `hats: ${prompt.instruction}` };
        assertEquals(
          encodeTemplate(codec, withPrefix(markedTemplate(codec, marks), "hats: "), prompt),
          encodePrompt(tokenizer, prefixed),
        );
      }
    }
  },
);

Deno.test("a tokenizer of others has no marks", async () => {
  const stories = decodeURIComponent(new URL("./testdata/stories260K", import.meta.url).pathname);
  assertEquals(marksOf(await tokenizerOf(stories)), undefined);
});
