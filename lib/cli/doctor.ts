import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { InputError } from "#lib/errors.ts";
import { type Fit, judgeFit } from "#lib/memory/fit.ts";
import { compareCodecs } from "#lib/tokenizers/compare_codecs.ts";
import { excerpt, visibleJson } from "#lib/visible_text.ts";
import { type CommandContext, defineCommand, type Flags, type FlagValues } from "./command.ts";
import { describePair, formatFit, mismatchOf, type Pair } from "./fit_text.ts";
import { plannedModel, type ProfileSizes, sizesOf } from "./planned_model.ts";
import { DEFAULT_PROFILE } from "./results_flags.ts";

/** Deno's pinned version: other ones may differ in WebGPU. */
const PINNED_DENO = "2.9.6";
const DENO = Deno.version.deno;
const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;
/** As the anchors train: texts a step, and tokens of prompt and response. */
const DEFAULT_BATCH = 8;
const DEFAULT_TOKENS = 512;
/** What of a machine's memory a GPU that shares it gives to one program, where it does not say: Metal's limit is near. */
const SHARED_MEMORY = 0.7;

/** What the largest tensors of each profile need of one binding. */
const NEEDS = [
  { what: "profiles smoke and tiny", bytes: 16 * MEBIBYTE },
  { what: "GPT-2 (124 M parameters)", bytes: 50257 * 768 * 4 },
  { what: "logits of GPT-2 for 8 texts of 512 tokens", bytes: 8 * 512 * 50257 * 4 },
] as const;

const DOCTOR_FLAGS = {
  for: {
    kind: "text",
    value: "TEACHER:STUDENT",
    help: "whether a distillation fits: folders, models of the hub, or sizes of a profile",
  },
  batch: { kind: "count", value: "N", help: `of --for: texts at once; default ${DEFAULT_BATCH}` },
  tokens: {
    kind: "count",
    value: "N",
    help: `of --for: tokens of prompt and response, half each; default ${DEFAULT_TOKENS}`,
  },
  memory: { kind: "text", value: "GIB", help: "of --for: the GPU's memory, which WebGPU does not tell" },
  profile: {
    kind: "text",
    value: "P",
    help: "of --for: whose sizes words as teacher, student and base are; default tiny",
  },
  json: { kind: "switch", help: "of --for: prints JSON" },
} as const satisfies Flags;

type DoctorFlags = FlagValues<typeof DOCTOR_FLAGS>;

export const doctor = defineCommand({
  name: "doctor",
  flags: DOCTOR_FLAGS,
  async run({ flags }, context) {
    if (flags.for !== undefined) return await doctorFor(flags.for, flags, context) ? 0 : 1;
    const needless = (["batch", "tokens", "memory", "profile"] as const).find((name) => flags[name] !== undefined);
    if (needless !== undefined || flags.json) {
      throw new InputError(`--${needless ?? "json"} is of --for TEACHER:STUDENT, which is not given`);
    }
    context.terminal.print(await doctorReport());
    return 0;
  },
});

/** Says whether a distillation fits this adapter, by its configurations alone; true if it does. */
async function doctorFor(pair: string, flags: DoctorFlags, { terminal, ...context }: CommandContext): Promise<boolean> {
  const [teacherWord, studentWord] = wordsOf(pair);
  const texts = textsOf(flags);
  const given = givenMemory(flags.memory);
  const sizes = await profileSizes([teacherWord, studentWord], flags.profile, context);
  const [teacher, student] = [
    await plannedModel(teacherWord, sizes, context.callerFolder),
    await plannedModel(studentWord, sizes, context.callerFolder),
  ];
  const agreement = teacher.codec && student.codec && compareCodecs(teacher.codec, student.codec);
  const models: Pair = { teacher, student, agreement };
  const { info, limits } = await requestAdapter();
  const memory = given ?? sharedMemory(info);
  const bytes = {
    bindingBytes: limits.maxStorageBufferBindingSize,
    bufferBytes: limits.maxBufferSize,
    memoryBytes: memory?.bytes,
  };
  const fit: Fit | undefined = teacher.config && student.config &&
    judgeFit({ teacher: teacher.config, student: student.config, texts }, bytes);
  const mismatch = mismatchOf(models);
  const fits = mismatch === undefined && (fit?.fits ?? false);
  if (flags.json) {
    const { codec: _, ...own } = teacher;
    const { codec: __, ...other } = student;
    terminal.print(
      visibleJson({ fits, teacher: own, student: other, agreement, texts, limits: bytes, mismatch, fit }, 2),
    );
    return fits;
  }
  for (const line of describePair(models)) terminal.print(line);
  for (const line of fit ? formatFit(fit, texts, { ...bytes, memorySource: memory?.source }) : []) terminal.print(line);
  terminal.print(
    mismatch === undefined ? (fits ? "It fits." : "It does not fit.") : `It cannot be distilled: ${mismatch}.`,
  );
  return fits;
}

/** The sizes of the profile; none where neither word can be one of them. */
async function profileSizes(
  words: readonly string[],
  profile: string | undefined,
  { experiments }: Pick<CommandContext, "experiments">,
): Promise<ProfileSizes> {
  if (profile === undefined && !words.some((word) => /^[a-z]+$/i.test(word))) return new Map();
  return sizesOf(await loadProfile(profile ?? DEFAULT_PROFILE, schemaOf(experiments), []));
}

function verdict(mismatch: string | undefined, fit: Fit | undefined): string {
  if (mismatch !== undefined) return `It cannot be distilled: ${mismatch}.`;
  if (!fit?.fits) return "It does not fit.";
  return fit.hasMemory === undefined ? "It fits the limits; whether the memory is enough is not known." : "It fits.";
}

/** @throws {InputError} if it is not two words with a colon between them */
function wordsOf(pair: string): readonly [teacher: string, student: string] {
  const [teacher, student, ...more] = pair.split(":");
  if (teacher && student && more.length === 0) return [teacher, student];
  throw new InputError(
    `--for ${excerpt(pair)}: write TEACHER:STUDENT, as in openai-community/gpt2-medium:openai-community/gpt2`,
  );
}

function textsOf({ batch = DEFAULT_BATCH, tokens = DEFAULT_TOKENS }: DoctorFlags) {
  if (batch === 0) throw new InputError("--batch 0: must be at least 1");
  if (tokens < 2) {
    throw new InputError(`--tokens ${tokens}: must be at least 2, one of the prompt and one of the response`);
  }
  return { batch, tokens, responseTokens: Math.ceil(tokens / 2) };
}

interface KnownMemory {
  readonly bytes: number;
  readonly source: string;
}

function givenMemory(text: string | undefined): KnownMemory | undefined {
  if (text === undefined) return undefined;
  const gibibytes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(gibibytes > 0)) throw new InputError(`--memory ${excerpt(text)}: must be a number of GiB, as in 12`);
  return { bytes: gibibytes * GIBIBYTE, source: "--memory" };
}

/** What a CPU driver, or a GPU that has the system's memory, can use; undefined of one with its own. */
export function sharedMemory(info: GPUAdapterInfo): KnownMemory | undefined {
  const isCpu = tuningFor(info).name === "cpu";
  const isUnified = /apple/i.test(`${info.vendor} ${info.description}`);
  if (!isCpu && !isUnified) return undefined;
  const { total } = Deno.systemMemoryInfo();
  return isCpu
    ? { bytes: total, source: "the machine's memory, which the CPU driver uses" }
    : { bytes: SHARED_MEMORY * total, source: "70 % of the machine's memory, which the GPU shares" };
}
/** What the adapter is and can do, what will run on it, and how to fix what will not. @throws {NoAdapterError} where there is none */
async function doctorReport(): Promise<string> {
  const { info, limits, features } = await requestAdapter();
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const mebibytes = (bytes: number) => `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
  const known = ["timestamp-query", "shader-f16"] as const;
  const rows: [name: string, text: string][] = [
    ["Deno", `${DENO}${DENO === PINNED_DENO ? "" : ` (tested with ${PINNED_DENO}: ./run installs it)`}`],
    ["adapter", [info.description, info.vendor, info.architecture, info.device].filter((part) => part).join(", ")],
    [
      "kind",
      tuningFor(info).name === "cpu"
        ? "CPU driver: complete and reproducible, but slow; a GPU driver would be used if there were one"
        : "GPU",
    ],
    [
      "limits",
      [
        `${mebibytes(binding)} a binding`,
        `${limits.maxStorageBuffersPerShaderStage} buffers a kernel`,
        `${limits.maxComputeWorkgroupStorageSize / 1024} KiB of workgroup memory`,
        `${limits.maxComputeInvocationsPerWorkgroup} invocations`,
      ].join(", "),
    ],
    ["features", known.map((name) => `${name} ${features.has(name) ? "yes" : "no"}`).join(", ")],
    ["", ""],
    ...NEEDS.map(({ what, bytes }): [string, string] =>
      bytes <= binding
        ? ["runs", what]
        : ["too large", `${what}: one tensor of ${mebibytes(bytes)}; use an adapter with larger bindings`]
    ),
  ];
  if (!features.has("timestamp-query")) {
    rows.push(["note", "no timestamps: kernels cannot be profiled, everything else works"]);
  }
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}`.trimEnd()).join("\n");
}
