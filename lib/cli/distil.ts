import { GpuMemoryError } from "#kernels/runtime/device_errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { DISTIL, distilExperiment } from "#lib/distillation/distil_experiment.ts";
import { isModel } from "#lib/distillation/teacher.ts";
import { claimFolder, RESULTS_NAME, TEXTS_FILE } from "#lib/distillation/run_folder.ts";
import { formatStudentCard } from "#lib/distillation/student_card.ts";
import { hasStudent, writeStudent } from "#lib/distillation/student_folder.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { codeVersion } from "#lib/results/git_repository.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import { writeAtomically } from "#lib/results/storage.ts";
import type { Cell } from "#lib/runner/cell.ts";
import { readKnown } from "#lib/runner/known_results.ts";
import { Reproduction, type ReproductionOptions, type ReproductionWatcher } from "#lib/runner/reproduction.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { type CommandContext, defineCommand, type ExitStatus } from "./command.ts";
import { lessMemory } from "./distil_fit.ts";
import { DISTIL_FLAGS, type DistilFlags } from "./distil_flags.ts";
import { type Distillation, prepareDistillation } from "./distil_setup.ts";
import { placeOf } from "./distil_teacher.ts";
import { describeDistillation, formatDistillation, notesOf } from "./distil_text.ts";
import { ProgressLine } from "./progress_line.ts";
import { DEFAULT_CHECKPOINT_SECONDS } from "./results_flags.ts";
import { RunProgress } from "./run_progress.ts";

export const distil = defineCommand({
  name: "distil",
  stopsByItself: true,
  flags: DISTIL_FLAGS,
  async run({ flags }, context) {
    const line = new ProgressLine({ terminal: context.terminal, quiet: flags.quiet || flags.json });
    try {
      const distillation = await prepareDistillation(flags, context, line);
      line.end();
      if (!flags["dry-run"]) return await runDistillation(distillation, flags, context, line);
      if (flags.json) {
        context.terminal.print(visibleJson({ run: distillation.run, plan: describeDistillation(distillation) }, 2));
      } else for (const text of formatDistillation(distillation)) context.terminal.print(text);
      return 0;
    } finally {
      line.end();
    }
  },
});

async function runDistillation(
  prepared: Distillation,
  flags: DistilFlags,
  context: CommandContext,
  line: ProgressLine,
): Promise<ExitStatus> {
  const { profile, rows, method, seeds, out, run } = prepared;
  const { terminal } = context;
  await claimFolder(out, run);
  const distillation = await withTextsAsked(prepared, context, line);
  const { student } = distillation.subject;
  for (const note of notesOf(distillation.subject)) line.note(note);
  const experiment = distilExperiment(rows, distillation.subject);
  const running: { cell?: Cell } = {};
  const options: ReproductionOptions = {
    ...{ resultsFolder: out, profileName: RESULTS_NAME, profile, seeds, force: false },
    ...{ experiments: [experiment], allExperiments: [experiment], keepsRecorded: false, asksForAdapter: true },
    ...{ failFast: true, checkpointSeconds: flags["checkpoint-every"] ?? DEFAULT_CHECKPOINT_SECONDS },
    ...{ otherArguments: [], stop: context.stop, bindingLimit: flags["binding-limit"] },
    async handOver(trained) {
      if (isKept(running.cell, distillation)) await writeStudent(out, trained, student, profile.data.maxNewTokens);
    },
  };
  const reproduction = await planned(options, distillation);
  const tables: string[] = [];
  const outcome = await reproduction.run(watcherOf(reproduction, running, tables, line)).catch((error: unknown) => {
    if (!(error instanceof GpuMemoryError)) throw error;
    const { subject: { saving, teacher }, shape } = distillation;
    throw new GpuMemoryError(`${error.message}; ${lessMemory(saving, shape, isModel(teacher))}`);
  });
  line.end();
  for (const { error, cell } of outcome.failed) terminal.report(`failed: ${cell.method.name}: ${error.message}\n`);
  if (outcome.failed.length > 0) return 1;
  const { adapter } = await writeCard(distillation, experiment, { tables, arguments: argumentsOf(flags) });
  // What the run was resumed from; all of its results are beside the student.
  await Deno.remove(`${out}/${STATE_FOLDER}`, { recursive: true }).catch(() => {});
  if (flags.json) {
    const { scores } = await ResultsFolder.open(folderOf(out), DISTIL);
    terminal.print(visibleJson({ out, ...run, adapter, scores }, 2));
    return 0;
  }
  for (const table of tables) terminal.print(table);
  terminal.report(
    `${out}: ${rows[method].label}, seed ${seeds[0]}; try it: ${shellCommand(["generate", out, "PROMPT"])}\n`,
  );
  return 0;
}

/** The same with what the teacher behind an endpoint has written, which is asked now where it has not been in this folder. */
async function withTextsAsked(
  { subject, ask, ...others }: Distillation,
  { stop }: CommandContext,
  line: ProgressLine,
): Promise<Distillation> {
  if (ask === undefined) return { subject, ...others };
  const teacher = await ask(`${others.out}/${TEXTS_FILE}`, {
    stop,
    say: (message) => line.note(message),
    answered: (done, total) => line.update(() => `teacher: ${done} of ${total} texts`, done === total),
  });
  return { subject: { ...subject, teacher }, ...others };
}

/** Whether a cell's student is the one that is written. */
function isKept(cell: Cell | undefined, { method, seeds: [first] }: Distillation): boolean {
  return cell?.method.name === method && cell.seed === first;
}

/** What is left to run; the student that is to be kept again where its results are there and it is not. */
async function planned(options: ReproductionOptions, distillation: Distillation): Promise<Reproduction> {
  const plan = await Reproduction.plan(options);
  const [{ cells }] = plan.plans;
  const isDone = cells.some(({ cell, state }) => isKept(cell, distillation) && state === "fresh");
  const { out, method, seeds: [first] } = distillation;
  if (!isDone || hasStudent(out)) return plan;
  return await Reproduction.plan({ ...options, methods: [method], seeds: [first], force: true });
}

function watcherOf(
  { times }: Reproduction,
  running: { cell?: Cell },
  tables: string[],
  line: ProgressLine,
): ReproductionWatcher {
  return {
    planned: () => Promise.resolve(),
    note: (message) => line.note(message),
    watch(cells, width) {
      const progress = new RunProgress({ cells, width, times, line });
      return {
        begin(cell) {
          running.cell = cell;
          progress.begin(cell);
        },
        putBack: (cell) => progress.putBack(cell),
        end: (cell, how, ownMs) => progress.end(cell, how, ownMs),
        say: (cell, message) => progress.say(cell, message),
        progress: (cell, training) => progress.progress(cell, training),
      };
    },
    show: (shown) => void tables.push(...shown),
  };
}

/** Writes the model card, which says of the run what its results say. */
async function writeCard(
  { subject, profile, rows, method: name, seeds: [seed], out }: Distillation,
  experiment: Experiment,
  { tables, arguments: args }: { readonly tables: readonly string[]; readonly arguments: readonly string[] },
): Promise<{ readonly adapter: string }> {
  const { provenance } = await readKnown({ resultsFolder: out, profileName: RESULTS_NAME }, experiment);
  const [environment] = Object.values(provenance.environments);
  const adapter = environment?.adapter ?? "unknown";
  const { label, summary } = rows[name];
  const card = formatStudentCard({
    ...{ subject, seed, adapter, settings: profile, tables, code: await codeVersion() },
    method: { name, label, summary },
    command: shellCommand(args),
  });
  await writeAtomically(`${out}/README.md`, card);
  return { adapter };
}

function folderOf(out: string): string {
  return `${out}/${RESULTS_NAME}/${DISTIL}`;
}

/** The command as it was given, without what says where things are. */
function argumentsOf(flags: DistilFlags): string[] {
  const shown = Object.entries(flags).filter(([name]) => !["out", "quiet", "json", "dry-run", "memory"].includes(name));
  return [
    "distil",
    ...shown.flatMap(([name, value]) => {
      if (value === undefined || value === false) return [];
      if (value === true) return [`--${name}`];
      if (name === "set") return (value as readonly string[]).flatMap((setting) => ["--set", setting]);
      const text = name === "teacher-endpoint" ? placeOf(String(value)) : String(value);
      return [`--${name}`, text.startsWith("/") ? text.replace(/\/+$/, "").replace(/^.*\//, "") : text];
    }),
  ];
}
