import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";
import { isJsonObject } from "./json_text.ts";
import { type TaskFormat, taskRecord } from "./task_files.ts";

/**
 * The published forms of the data sets of AMMD's Table 2, by the names of their folders.
 *
 * | set | form |
 * |---|---|
 * | `samsum` (Gliwa et al. 2019, https://aclanthology.org/D19-5409) | CSV with a header or a JSON list, `dialogue` to `summary`; a dialogue may be empty, as one of them is |
 * | `iwslt` (Cettolo et al. 2017, https://aclanthology.org/2017.iwslt-1.1) | a JSON list (or lines), or Parquet, of `{"translation": {"de": …, "en": …}}`; or two texts of as many lines, `x.en` and `x.de` |
 * | `strategyqa` (Geva et al. 2021, arXiv 2101.02235) | a JSON list, `question` to `answer`, true or false, read as yes or no. Its facts and decompositions are not read: they would give the answer away |
 */
export const PUBLISHED_TASKS = {
  samsum: {
    extensions: [".csv", ".json", ".jsonl"],
    columns: ["dialogue", "summary"],
    parse: ({ dialogue, summary }, where) => taskRecord({ dialogue }, { summary }, where, { mayBeEmpty: ["dialogue"] }),
  },
  iwslt: {
    extensions: [".json", ".jsonl", ".parquet", ".en"],
    parallel: { source: [".en", "the English line"], target: [".de", "the German line"] },
    parse({ translation }, where) {
      if (isJsonObject(translation)) return taskRecord({ en: translation.en }, { de: translation.de }, where);
      throw new InputError(`${where}: "translation" is missing; expected {"de": …, "en": …}`);
    },
  },
  strategyqa: {
    extensions: [".json", ".jsonl"],
    parse: ({ question, answer }, where) => taskRecord({ question }, { answer: yesOrNo(answer, where) }, where),
  },
} as const satisfies Readonly<Record<string, TaskFormat>>;

export type PublishedTask = keyof typeof PUBLISHED_TASKS;

function yesOrNo(answer: unknown, where: string): string {
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
  if (word === "yes" || word === "no") return word;
  throw new InputError(
    `${where}: answer is ${excerpt(JSON.stringify(answer) ?? "missing")} but must be true, false, "yes" or "no"`,
  );
}
