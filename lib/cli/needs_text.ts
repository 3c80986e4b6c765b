import { formatBytes } from "#lib/byte_count.ts";
import { byRepository, missingReferences, type NamedThing } from "#lib/distillation/pinned_profile.ts";
import type { AdapterLimits, Fit } from "#lib/memory/fit.ts";
import { shellCommand } from "#lib/shell_command.ts";
import type { PairNeeds, ProfileNeeds } from "./profile_needs.ts";
import { formatDuration } from "./progress_line.ts";

/** Parts of a plan that are shown; `doctor --for` shows all. */
const SHOWN_PARTS = 3;

/** What a profile of checkpoints needs, as lines for a person; none of another profile. */
export function formatNeeds(needs: ProfileNeeds, limits: AdapterLimits): string[] {
  const { named, pairs } = needs;
  if (named.length === 0) return [];
  const things = [...byRepository(named)].map(([name, things]) => {
    const lacking = things.find(({ problem }) => problem !== undefined);
    const [{ kind }] = things;
    return [kind, name, settingsOf(things.map(({ setting }) => setting)), stateOf(things[0], lacking)];
  });
  const widths = [0, 1].map((column) => Math.max(...things.map((row) => row[column].length)));
  const rows = things.map(([kind, name, settings, state]) =>
    `  ${kind.padEnd(widths[0])}  ${name.padEnd(widths[1])}  ${settings}: ${state}`
  );
  const missing = missingReferences(named);
  return [
    "models and data that the profile names:",
    ...rows,
    ...(missing.length === 0 ? [] : [`to bring what is missing: ${shellCommand(["fetch", ...missing])}`]),
    ...pairs.flatMap((pair) => pairLines(pair, limits)),
    ...timeLines(needs),
  ];
}

/** The commit or the digest of what is here. */
function stateOf({ pin, path }: NamedThing, lacking: NamedThing | undefined): string {
  if (lacking) return lacking.references.length > 0 ? "missing" : lacking.problem!;
  const [, commit] = /@([0-9a-f]{40})/.exec(pin) ?? [];
  return commit === undefined ? `in ${path}` : `here, commit ${commit.slice(0, 12)}`;
}

/** As in `data.files.train, evaluation.dolly`: what settings share is said once. */
function settingsOf(settings: readonly string[]): string {
  return settings.map((setting, i) => i === 0 ? setting : setting.replace(/^data\.files\./, "")).join(", ");
}

function pairLines({ name, teacher, student, problem, texts, fits }: PairNeeds, limits: AdapterLimits): string[] {
  const head = `${name}: ${teacher} into ${student}`;
  if (problem !== undefined) return [`${head}: ${problem}`];
  const { batch, tokens } = texts;
  return [
    `${head}, a step of ${batch} texts of ${tokens} tokens:`,
    ...fits.map(({ what, fit, whole }) => `  ${what} ${memoryText(fit, limits, whole)}`),
  ];
}

/** What a step needs against what the adapter gives, and what would fit. @param whole whether a step cannot be read in parts */
export function memoryText(
  { plan, fits, over, mostTexts }: Fit,
  { memoryBytes }: AdapterLimits,
  whole: boolean,
): string {
  const largest = plan.parts.toSorted((a, b) => b.bytes - a.bytes).slice(0, SHOWN_PARTS);
  const parts = largest.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ");
  const needed = `needs ${formatBytes(plan.totalBytes)}${
    memoryBytes === undefined ? ", of a memory that WebGPU does not tell" : ` of ${formatBytes(memoryBytes)}`
  }: ${parts}, …`;
  if (fits) return `${needed}; it fits`;
  const tensor = over.find(({ blocks }) => blocks === undefined);
  const why = tensor ? ` (${tensor.tensor.name} is over a ${tensor.limit})` : "";
  const remedy = mostTexts === undefined
    ? "not even one text at once does: teacher.form, student.lora or smaller models take less"
    : whole
    ? `--set optimizer.batchSize=${mostTexts} does, as the method needs all texts of a step at once`
    : `--set optimizer.textsAtOnce=${mostTexts} does`;
  return `${needed}; it does not fit${why}, ${remedy}`;
}

function timeLines({ pairs, rates }: ProfileNeeds): string[] {
  if (pairs.every(({ problem }) => problem !== undefined)) return [];
  if (rates === undefined) {
    return [
      `time: not known; ${shellCommand(["bench", "--shapes", "gpt2"])} measures this adapter once, for estimates`,
    ];
  }
  const sum = (part: "trainingSeconds" | "writingSeconds") =>
    pairs.reduce((total, { time }) => total + (time?.[part] ?? 0), 0);
  const duration = (seconds: number) =>
    seconds < 48 * 3600 ? formatDuration(1000 * seconds) : `${(seconds / 86400).toFixed(0)} days`;
  const { matmulGflops, copyGBs, date } = rates;
  return [
    `time: training at least ${duration(sum("trainingSeconds"))} at ${
      matmulGflops.toFixed(0)
    } GFLOP/s, the teacher's texts ` +
    `${duration(sum("writingSeconds"))} at ${
      copyGBs.toFixed(0)
    } GB/s (bench of ${date}), all texts at their longest; ` +
    "what students write, and scoring, come on top",
  ];
}
