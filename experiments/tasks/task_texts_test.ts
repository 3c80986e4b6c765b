import { assert, assertRejects } from "@std/assert";
import { EXPERIMENTS } from "#experiments/main.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { InputError } from "#lib/errors.ts";
import { TASK_SPECIFIC } from "./task_settings.ts";
import { readTaskTexts } from "./task_texts.ts";

const taskSpecific = TASK_SPECIFIC.of(await loadProfile("smoke", schemaOf(EXPERIMENTS)));
const textsWithin = (maxSourceTokens: number, maxTargetTokens: number) =>
  readTaskTexts("iwslt", {
    ...taskSpecific,
    longSources: "drop",
    iwslt: { ...taskSpecific.iwslt, maxSourceTokens, maxTargetTokens },
  });

Deno.test("a limit that leaves no record is named: that of sources, or that of targets", async () => {
  const refused = (reading: Promise<unknown>, message: string) => assertRejects(() => reading, InputError, message);
  await refused(
    textsWithin(2, 60),
    "iwslt, train: no source has at most 2 tokens; raise taskSpecific.iwslt.maxSourceTokens",
  );
  await refused(
    textsWithin(1000, 2),
    "iwslt, train: none of the 60 records whose source fits has a target of at most 2 tokens; " +
      "raise taskSpecific.iwslt.maxTargetTokens",
  );
});

Deno.test("training has sources and targets within their limits, and scoring keeps long targets", async () => {
  const { answerIds, train, evaluation: [{ prompts }] } = await textsWithin(80, 40);
  assert(train.length > 0 && train.length < 60, `${train.length}`);
  assert(train.every(({ prompt, response }) => prompt.length <= 80 && response.length <= 40));
  assert(prompts.every(({ promptIds }) => promptIds.length <= 80));
  assert(prompts.some((prompt) => answerIds(prompt).length > 40));
});
