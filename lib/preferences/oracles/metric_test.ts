import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { bleuStatistics, corpusBleu } from "#lib/metrics/bleu.ts";
import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import { instructionCodec } from "../pair_codec.ts";
import { metricOracle, type PairMetric } from "./metric.ts";
import { teacherWins } from "./teacher_wins.ts";

/** Of all bytes, so that every text reads as it is. */
const codec = instructionCodec(
  new ProjectCodec(new BpeTokenizer(trainBpe([], { vocabSize: 262, alphabet: "bytes" }))),
  [],
);

const contest = (first: string, second: string, references: readonly string[]) => ({
  prompt: codec.promptIds("say it"),
  texts: [codec.responseIds(first), codec.responseIds(second)] as const,
  writers: ["teacher", "student"] as const,
  references,
});

async function difference(metric: PairMetric, first: string, second: string, ...references: string[]) {
  const one = (await metricOracle(metric, codec).differences([contest(first, second, references)]))[0]!;
  const [other] = await metricOracle(metric, codec).differences([contest(second, first, references)]);
  assertEquals(one + other!, 0, "the other way round the difference is the opposite");
  return one;
}

Deno.test("ROUGE-L prefers the text that is nearer to the best of the references", async () => {
  // 2PR / (P + R): 2 · 2 / (2 + 3) against 2 · 1 / (2 + 3).
  assertAlmostEquals(await difference("rouge_l", "small pet", "a pet", "a small pet", "pet cat is"), 0, 1e-12);
  assertAlmostEquals(await difference("rouge_l", "small pet", "a cat", "a small pet"), 0.8 - 0.4, 1e-12);
  assertAlmostEquals(await difference("rouge_l", "small pet", "a cat", "a small pet", "a cat."), 0.8 - 1, 1e-12);
});

Deno.test("texts that score alike are a tie, however they differ", async () => {
  assertEquals(await difference("rouge_l", "what?", "is what", "a pet"), 0);
  assertEquals(await difference("exact_match", "a cat", "a word", "a pet"), 0);
});

Deno.test("exact match and accuracy prefer the right answer", async () => {
  assertEquals(await difference("exact_match", "a cat.", "a pet.", "A cat", "it"), 1);
  assertEquals(await difference("accuracy", "cat, yes.", "no cat.", "yes"), 1);
  assertEquals(await difference("accuracy", "pet", "no pet", "yes"), 0);
  await assertRejects(() => difference("accuracy", "yes", "no", "perhaps"), InputError, 'must be "yes" or "no"');
});

Deno.test("BLEU is that of the text as a corpus of its own", async () => {
  const of = (text: string) => corpusBleu(bleuStatistics(text, "what is a small pet cat?")).bleu;
  const [near, far] = ["what is a small cat?", "name a small pet cat."];
  assertEquals(of(near) !== of(far), true);
  assertEquals(await difference("bleu", near, far, "what is a small pet cat?"), of(near) - of(far));
});

Deno.test("teacherWins prefers the teacher's text in either place, and needs one of it", async () => {
  const pair = contest("a cat", "a pet", []);
  const turned = { ...pair, writers: ["student", "teacher"] as const };
  assertEquals(await teacherWins.differences([pair, turned]), [Infinity, -Infinity]);
  for (const writer of ["student", "teacher"] as const) {
    const same = { ...pair, writers: [writer, writer] as const };
    const differences = async () => await teacherWins.differences([pair, same]);
    await assertRejects(
      differences,
      RangeError,
      `pair 1: teacherWins needs one text of the teacher, not two of the ${writer}`,
    );
  }
});
