import { InputError } from "#lib/errors.ts";
import { bleuStatistics, corpusBleu, sumStatistics } from "#lib/metrics/bleu.ts";
import { porterStem } from "#lib/metrics/porter_stemmer.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { bounded, type Check, TOLERANCE } from "./check.ts";

interface RecordedRouge {
  readonly prediction: string;
  readonly references: readonly string[];
  readonly rougeL_stemmed: number;
  readonly rougeL_unstemmed: number;
}

/** A corpus, and what sacrebleu made of it: BLEU and precisions in percent. */
interface RecordedBleu {
  readonly hypotheses: readonly string[];
  readonly references: readonly string[];
  readonly bleu: number;
  readonly precisions: readonly number[];
  readonly brevity_penalty: number;
}

/** Checks the metrics against recorded values: `porter.tsv`, `rouge_l.jsonl`, `bleu.json`; other files of the folder are reported as skipped. */
export async function verifyMetrics(folder: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${name}`;
    if (name === "porter.tsv") checks.push(checkStems(await readTextStrictly(path)));
    else if (name === "rouge_l.jsonl") checks.push(...checkRouge(await readTextStrictly(path), path));
    else if (name === "bleu.json") checks.push(...checkBleu(await readTextStrictly(path), path));
    else checks.push({ name, status: "skipped", note: "this metric is not built" });
  }
  return checks;
}

function checkStems(text: string): Check {
  const rows = lines(text).map((line) => line.split("\t"));
  const wrong = rows.filter(([word, expected]) => porterStem(word) !== expected);
  const name = `Porter stems of ${rows.length} words`;
  if (rows.length === 0) return { name, status: "FAIL", note: "there is nothing to compare" };
  if (wrong.length === 0) return { name, status: "ok", error: 0, tolerance: 0 };
  const [word, expected] = wrong[0];
  return {
    name,
    status: "FAIL",
    note: `${wrong.length} differ; ${word} gives ${porterStem(word)} instead of ${expected}`,
  };
}

function checkRouge(text: string, path: string): Check[] {
  const rows = lines(text).map((line, i) => {
    try {
      return JSON.parse(line) as RecordedRouge;
    } catch {
      throw new InputError(`${path}:${i + 1}: not JSON`);
    }
  });
  const largest = (stem: boolean, key: "rougeL_stemmed" | "rougeL_unstemmed") =>
    Math.max(...rows.map((row) => Math.abs(rougeL(row.prediction, row.references, { stem }) - row[key])));
  return [
    bounded(`ROUGE-L of ${rows.length} texts, stemmed`, largest(true, "rougeL_stemmed"), TOLERANCE.metric),
    bounded(`ROUGE-L of ${rows.length} texts, unstemmed`, largest(false, "rougeL_unstemmed"), TOLERANCE.metric),
  ];
}

function checkBleu(text: string, path: string): Check[] {
  const corpora = parseBleu(text, path);
  const found = corpora.map(({ hypotheses, references }) =>
    corpusBleu(sumStatistics(hypotheses.map((hypothesis, i) => bleuStatistics(hypothesis, references[i]))))
  );
  const largest = (errorsOf: (recorded: RecordedBleu, i: number) => number[]) => Math.max(...corpora.flatMap(errorsOf));
  const size = `${corpora.length} corpora`;
  return [
    bounded(`BLEU of ${size}`, largest(({ bleu }, i) => [Math.abs(100 * found[i].bleu - bleu)]), TOLERANCE.metric),
    bounded(
      `n-gram precisions of ${size}`,
      largest(({ precisions }, i) => precisions.map((value, n) => Math.abs(100 * found[i].precisions[n] - value))),
      TOLERANCE.metric,
    ),
    bounded(
      `brevity penalties of ${size}`,
      largest(({ brevity_penalty }, i) => [Math.abs(found[i].brevityPenalty - brevity_penalty)]),
      TOLERANCE.metric,
    ),
  ];
}

function parseBleu(text: string, path: string): readonly RecordedBleu[] {
  let corpora: unknown;
  try {
    corpora = JSON.parse(text);
  } catch {
    throw new InputError(`${path}: not JSON`);
  }
  if (!Array.isArray(corpora)) throw new InputError(`${path}: it must be a list of corpora`);
  return corpora as RecordedBleu[];
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
