import { requestAdapter } from "#kernels/runtime/adapter.ts";
import { tuningFor } from "#kernels/runtime/tuning.ts";
import { InputError } from "#lib/errors.ts";
import { defineCommand } from "./command.ts";
import { FIT_FLAGS, judgePair } from "./doctor_for.ts";

/** Deno's pinned version: other ones may differ in WebGPU. */
const PINNED_DENO = "2.9.6";
const DENO = Deno.version.deno;
const MEBIBYTE = 2 ** 20;

/** What the largest tensors of each profile need of one binding. */
const NEEDS = [
  { what: "profiles smoke and tiny", bytes: 16 * MEBIBYTE },
  { what: "GPT-2 (124 M parameters)", bytes: 50257 * 768 * 4 },
  { what: "logits of GPT-2 for 8 texts of 512 tokens", bytes: 8 * 512 * 50257 * 4 },
] as const;

export const doctor = defineCommand({
  name: "doctor",
  flags: FIT_FLAGS,
  async run({ flags }, context) {
    if (flags.for !== undefined) return await judgePair(flags.for, flags, context) ? 0 : 1;
    const needless = (["batch", "tokens", "memory", "profile"] as const).find((name) => flags[name] !== undefined);
    if (needless !== undefined || flags.json) {
      throw new InputError(`--${needless ?? "json"} is of --for TEACHER:STUDENT, which is not given`);
    }
    context.terminal.print(await doctorReport());
    return 0;
  },
});

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
