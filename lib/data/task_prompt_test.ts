import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { BpeTokenizer } from "./bpe_tokenizer.ts";
import { trainBpe } from "./bpe_trainer.ts";
import { decodeResponse } from "./prompt.ts";
import { fitTask, TASK_TOKENS } from "./task_prompt.ts";
import type { TaskRecord } from "./task_records.ts";

const record = (source: string, target: string): TaskRecord => ({ source, target, references: [target] });
const tokenizer = new BpeTokenizer(
  trainBpe([" a b c d e f", " a b c d e f"], { vocabSize: 64, specialTokens: TASK_TOKENS }),
);
const limits = { maxSourceTokens: 4, maxTargetTokens: 3, longSources: "drop", purpose: "training" } as const;
const records = [record("a b", "c"), record("a b c d", "e"), record("a", "b c d")];

Deno.test("padding is id 0, from which T5 starts to decode, and the end of a text id 1", () => {
  assertEquals(TASK_TOKENS.map((token) => tokenizer.specialId(token)), [0, 1, 2]);
});

Deno.test("sources and targets end with <eos>, and decode to themselves", () => {
  const [{ sourceIds, targetIds }] = fitTask(tokenizer, records, limits).examples;
  assertEquals([sourceIds.length, sourceIds.at(-1), targetIds.length, targetIds.at(-1)], [3, 1, 2, 1]);
  assertEquals([decodeResponse(tokenizer, sourceIds), decodeResponse(tokenizer, targetIds)], ["a b", "c"]);
});

Deno.test("a source over the limit is dropped, cut before its end or refused; a long target is not trained on but scored", () => {
  const { examples, ...counts } = fitTask(tokenizer, records, limits);
  assertEquals([examples.length, counts], [1, { droppedSources: 1, truncatedSources: 0, droppedTargets: 1 }]);
  const scored = fitTask(tokenizer, records, { ...limits, longSources: "truncate", purpose: "scoring" });
  assertEquals([scored.examples.length, scored.truncatedSources, scored.droppedTargets], [3, 1, 0]);
  assertEquals(decodeResponse(tokenizer, scored.examples[1].sourceIds), "a b c");
  assertEquals(scored.examples[1].sourceIds.at(-1), 1);
  assertThrows(
    () => fitTask(tokenizer, records, { ...limits, longSources: "refuse" }),
    InputError,
    'source 2 ("a b c d") has 5 tokens, over maxSourceTokens 4',
  );
});
