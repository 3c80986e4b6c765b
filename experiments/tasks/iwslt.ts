import { isJsonObject } from "#lib/data/json_text.ts";
import { taskRecord } from "#lib/data/task_files.ts";
import { InputError } from "#lib/errors.ts";
import test from "./iwslt/test.tsv" with { type: "text" };
import train from "./iwslt/train.tsv" with { type: "text" };
import validation from "./iwslt/validation.tsv" with { type: "text" };
import type { SequenceTask } from "./sequence_task.ts";
import { BLEU } from "./task_metrics.ts";

/**
 * Translations from English to German: IWSLT 2017 (Cettolo et al. 2017, https://aclanthology.org/2017.iwslt-1.1). Published as a JSON
 * list (or lines) of `{"translation": {"de": …, "en": …}}`; two texts of as many lines, `x.en` and `x.de`, are read too.
 */
export const iwslt: SequenceTask = {
  label: "IWSLT",
  summary: "compiler messages, English to German",
  numerics: 1,
  format: {
    extensions: [".json", ".jsonl", ".en"],
    parallel: { source: [".en", "the English line"], target: [".de", "the German line"] },
    parse({ translation }, where) {
      if (isJsonObject(translation)) return taskRecord({ en: translation.en }, { de: translation.de }, where);
      throw new InputError(`${where}: "translation" is missing; expected {"de": …, "en": …}`);
    },
  },
  metric: BLEU,
  embedded: {
    source: "messages of the TypeScript compiler in English and German",
    licence: "Apache-2.0",
    train,
    validation,
    test,
  },
};
