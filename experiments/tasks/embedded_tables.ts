import { countLeakedSources, type TaskData, type TaskName, type TaskRecord } from "#lib/data/task_records.ts";
import iwsltTest from "./iwslt/test.tsv" with { type: "text" };
import iwsltTrain from "./iwslt/train.tsv" with { type: "text" };
import iwsltValidation from "./iwslt/validation.tsv" with { type: "text" };
import samsumTest from "./samsum/test.tsv" with { type: "text" };
import samsumTrain from "./samsum/train.tsv" with { type: "text" };
import samsumValidation from "./samsum/validation.tsv" with { type: "text" };
import strategyqaTest from "./strategyqa/test.tsv" with { type: "text" };
import strategyqaTrain from "./strategyqa/train.tsv" with { type: "text" };
import strategyqaValidation from "./strategyqa/validation.tsv" with { type: "text" };

const TABLES = {
  samsum: {
    source: "embedded: descriptions of GitHub's endpoints and their summaries (octokit, MIT)",
    train: samsumTrain,
    validation: samsumValidation,
    test: samsumTest,
  },
  iwslt: {
    source: "embedded: messages of the TypeScript compiler in English and German (Apache-2.0)",
    train: iwsltTrain,
    validation: iwsltValidation,
    test: iwsltTest,
  },
  strategyqa: {
    source: "embedded: questions about the kinds of things, from WordNet 3.1 (WordNet licence)",
    train: strategyqaTrain,
    validation: strategyqaValidation,
    test: strategyqaTest,
  },
} satisfies Record<TaskName, object>;

/** The data that stands in for a data set where none is given: small, freely licensed, of the same kind of task. */
export function embeddedTask(task: TaskName): TaskData {
  const { source, ...tables } = TABLES[task];
  const [train, validation, test] = [tables.train, tables.validation, tables.test].map(parseTable);
  return { task, train, validation, test, source, leakCount: countLeakedSources(train, test) };
}

/** Lines of source, tab, target, after a line of heads. */
function parseTable(text: string): TaskRecord[] {
  return text.trimEnd().split("\n").slice(1).map((line) => {
    const [source, target] = line.split("\t");
    return { source, target, references: [target] };
  });
}
