import type { EncodedSet } from "#lib/evaluation/encoded_set.ts";
import { evaluateSet, type Evaluation, type EvaluationSettings, metricsOf, workOf } from "#lib/evaluation/evaluate.ts";
import type { ScoredSet } from "#lib/data/scored_sets.ts";
import { UseTracer } from "#lib/runner/uses.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { EvaluationProgress } from "./evaluation_progress.ts";
import { type EvaluationRecord, recordOf, summaryOf, writeEvaluation } from "./evaluation_record.ts";
import {
  checkFlags,
  DEFAULT_BATCH,
  DEFAULT_SEED,
  describeEncoded,
  encodeSets,
  EVALUATE_FLAGS,
  type EvaluateFlags,
  limitsOf,
  readSets,
} from "./evaluation_setup.ts";
import { formatEvaluation, notesOf } from "./evaluation_text.ts";
import { type OpenedModel, openTexts, withModel } from "./open_model.ts";
import { ProgressLine } from "./progress_line.ts";

export const evaluate = defineCommand({
  name: "evaluate",
  positional: { name: "MODEL", kind: "text", min: 1, max: 1 },
  stopsByItself: true,
  lessMemory: "a smaller --texts-at-once takes less",
  flags: EVALUATE_FLAGS,
  async run({ positional: [word], flags }, context) {
    checkFlags(flags);
    const sets = await readSets(flags, context.callerFolder);
    const line = new ProgressLine({ terminal: context.terminal, quiet: flags.quiet });
    try {
      if (flags["dry-run"]) {
        const texts = await openTexts(word, context);
        const encoded = await encodeSets(sets, texts, flags, line);
        line.end();
        for (const each of encoded) context.terminal.print(describeEncoded(each));
        return 0;
      }
      const record = await withModel(
        word,
        { context, flags, line },
        (opened) => evaluateModel(word, opened, { sets, flags, context, line }),
      );
      line.end();
      show(record, flags, context);
      return 0;
    } finally {
      line.end();
    }
  },
});

interface Task {
  readonly sets: readonly ScoredSet[];
  readonly flags: EvaluateFlags;
  readonly context: CommandContext;
  readonly line: ProgressLine;
}

/** Scores a model on every set, and writes what came of it where that is asked for. */
async function evaluateModel(word: string, opened: OpenedModel, task: Task): Promise<EvaluationRecord> {
  const { sets, flags, line } = task;
  const texts = { ...opened, layout: opened.model.layout.kind };
  const encoded = await encodeSets(sets, texts, flags, line);
  const { maxNewTokens, maxPromptTokens } = limitsOf(texts, sets, flags);
  const seeds = Array.from({ length: flags.samples ?? 0 }, (_, i) => (flags.seed?.[0] ?? DEFAULT_SEED) + i);
  const batchSize = flags["texts-at-once"] ?? DEFAULT_BATCH;
  const parts = encoded.map((each) => ({
    ...{ each, maxNewTokens, batchSize, seeds },
    ...{ metrics: flags.metrics ?? metricsOf(each.set), maxPositions: opened.maxPositions, stop: task.context.stop },
  }));
  const tracer = new UseTracer();
  const before = opened.gpu.onDispatch;
  opened.gpu.onDispatch = (kernel) => (before?.(kernel), tracer.usedKernel(kernel));
  try {
    const start = performance.now();
    const { value: evaluations, uses } = await tracer.trace(() => evaluateAll(word, opened, parts, line));
    const elapsedMs = performance.now() - start;
    line.update(() => `${word}: the digests of its files`);
    const record = await recordOf({
      ...{ word, opened, encoded, evaluations, seeds, kernels: uses.kernels, elapsedMs },
      notes: notesOf(encoded, evaluations),
      settings: {
        ...{ maxNewTokens, maxPromptTokens, batch: batchSize, chat: flags.chat, prefix: flags.prefix ?? "" },
        ...{ bos: flags.bos, limit: flags.limit ?? "none", answers: flags.samples ?? "greedy" },
        tokenizer: opened.codec.digest,
      },
    });
    // Before a cell's model is given up: what it took to score it is not to be lost.
    if (flags.out !== undefined) await writeEvaluation(flags.out, record);
    return record;
  } finally {
    opened.gpu.onDispatch = before;
  }
}

type Part = EvaluationSettings & { readonly each: EncodedSet };

async function evaluateAll(
  word: string,
  opened: OpenedModel,
  parts: readonly Part[],
  line: ProgressLine,
): Promise<Evaluation[]> {
  const total = parts.reduce((sum, part) => sum + workOf(part.each, part), 0);
  const progress = new EvaluationProgress(word, total, () => performance.now());
  const evaluations: Evaluation[] = [];
  for (const { each, ...settings } of parts) {
    const show = (done: number) => {
      progress.update(each.set.name, done);
      line.update(() => progress.text());
    };
    show(0);
    evaluations.push(await evaluateSet(opened, each, { ...settings, progress: show }));
    progress.finishSet(workOf(each, settings));
  }
  return evaluations;
}

function show(record: EvaluationRecord, flags: EvaluateFlags, { terminal }: CommandContext): void {
  if (flags.json) {
    terminal.print(visibleJson(summaryOf(record), 2));
  } else {
    terminal.print(formatEvaluation(record));
    for (const note of record.notes) terminal.print(note);
  }
  if (flags.out !== undefined) {
    terminal.report(
      `written to ${flags.out}; two such folders are compared by ${shellCommand(["diff", flags.out, "OTHER"])}\n`,
    );
  }
}
