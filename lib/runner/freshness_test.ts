import { assertEquals, assertNotEquals } from "@std/assert";
import { defineKernel } from "#kernels/runtime/kernel.ts";
import type { Making } from "#lib/bench/experiment.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import type { Basis } from "#lib/results/provenance.ts";
import { cellsOf } from "./cell.ts";
import {
  basisOf,
  changesOfCell,
  changesSince,
  flattenSettings,
  kernelDigest,
  type Present,
  presentOf,
  usesOf,
} from "./freshness.ts";
import { PLAIN } from "./test_experiment.ts";

const WGSL = "fn forward(i: u32) {\n  let x = i;\n}\n";
defineKernel("testKernel", WGSL, "forward");
const profile = await testProfile();
const present = presentOf(profile, undefined, "A1");
const USES = { kernels: new Set(["testKernel"]), data: true, shared: new Set<string>() };
const MAKING: Making = {
  run: "llama: ammd, seed 1",
  settings: { ammd: { beta: 0.5, head: "linear" }, optimizer: { betas: [0.9, 0.98] } },
  numerics: { lib: 1, "method ammd": 1 },
};
const recorded = basisOf(MAKING, USES, present);

const since = (change: Partial<Making>, basis: Basis = recorded) =>
  changesSince(basis, { ...MAKING, ...change }, present).map(({ kind, text }) => `${kind}: ${text}`);

Deno.test("where nothing has changed nothing is stale, whatever order settings and kernels have", () => {
  assertEquals(since({}), []);
  assertEquals(since({ settings: { optimizer: { betas: [0.9, 0.98] }, ammd: { head: "linear", beta: 0.5 } } }), []);
  assertEquals(usesOf(recorded), { kernels: USES.kernels, data: true });
});

Deno.test("a setting that may be read makes stale when its value changes; one that is new or gone does as code", () => {
  const settings = { ammd: { beta: 1, head: "linear" }, optimizer: { betas: [0.9, 0.98] } };
  assertEquals(since({ settings }), ["settings: ammd.beta 0.5 → 1"]);
  assertEquals(since({ settings: { ammd: { beta: 0.5, bound: "tanh" }, optimizer: { betas: [0.9, 0.99] } } }), [
    'code: ammd.head "linear" → gone',
    "settings: optimizer.betas [0.9,0.98] → [0.9,0.99]",
    'code: ammd.bound not there → "tanh"',
  ]);
});

Deno.test("a version that is bumped, new or gone makes stale, and so does another run under the same name", () => {
  assertEquals(since({ numerics: { lib: 1, "method ammd": 2 } }), ["code: numerics of method ammd 1 → 2"]);
  assertEquals(since({ numerics: { "method ammd": 1, "task samsum": 1 } }), [
    "code: numerics of lib 1 → none",
    "code: numerics of task samsum none → 1",
  ]);
  assertEquals(since({ run: "llama: gkd, seed 1" }), ["code: run llama: ammd, seed 1 → llama: gkd, seed 1"]);
});

Deno.test("a kernel makes stale when its WGSL changes, comments and white space apart, or when it is gone", () => {
  const older = { ...recorded, kernels: { testKernel: "0123", goneKernel: "4567" } };
  assertEquals(since({}, older), ["code: kernel testKernel changed", "code: kernel goneKernel is gone"]);
  defineKernel("commented", `// A comment.\n/* Another. */ ${WGSL.replaceAll("\n", "\n\n  ")}\n`, "forward");
  assertEquals(kernelDigest("commented"), kernelDigest("testKernel"));
  const changed = WGSL.replace("= i", "= i + 1");
  defineKernel("other", changed, "forward");
  assertNotEquals(kernelDigest("other"), kernelDigest("testKernel"));
  // One name may stand for several texts.
  defineKernel("both", WGSL, "forward");
  defineKernel("both", changed, "forward");
  assertNotEquals(kernelDigest("both"), kernelDigest("testKernel"));
});

Deno.test("data makes stale where some was read, and a machine where it is known", () => {
  const other = { ...present, data: "other", adapter: "A2", deno: "0" };
  const { deno } = Deno.version;
  const machine = ["adapter A1 → A2", `Deno ${deno} → 0`];
  const textsOf = (basis: Basis, now: Present = other) => changesSince(basis, MAKING, now).map(({ text }) => text);
  assertEquals(textsOf(recorded), ["other data", ...machine]);
  assertEquals(textsOf(basisOf(MAKING, { ...USES, data: false }, present)), machine);
  assertEquals(textsOf(recorded, { ...present, adapter: undefined }), []);
});

Deno.test("what was recorded before there were versions waits for a sample, and other settings that it read are not hidden by that", () => {
  const { numerics: _, ...before } = { ...recorded, run: "another name", settings: { ammd: { beta: 0.5 } } };
  const waits = "code: recorded before code had numerics versions";
  assertEquals(since({}, before), [waits]);
  assertEquals(since({ settings: { ammd: { beta: 1 } } }, before), [waits, "settings: ammd.beta 0.5 → 1"]);
});

Deno.test("what was recorded before there were versions is judged by the profile's settings, not by those that a variant fixes", () => {
  const fixed = { ...PLAIN.methods[0], making: () => ({ ...MAKING, settings: { ammd: { beta: 1 } } }) };
  const [cell] = cellsOf({ ...PLAIN, methods: [fixed] }, { seeds: [1] });
  const { numerics: _, ...before } = { ...recorded, settings: { ammd: { beta: profile.ammd.beta } } };
  const textsOf = (basis: Basis) => changesOfCell(basis, cell, present).map(({ text }) => text);
  assertEquals(textsOf(before), ["recorded before code had numerics versions"]);
  const other = { ...before, settings: { ammd: { beta: 0.25 } } };
  assertEquals(textsOf(other), ["recorded before code had numerics versions", "ammd.beta 0.25 → 0.5"]);
});

Deno.test("settings by path are those that YAML holds", () => {
  const flat = flattenSettings({ a: { b: 1, c: { d: [1, 2] } }, e: null, f: undefined });
  assertEquals([...flat], [["a.b", 1], ["a.c.d", [1, 2]], ["e", null]]);
});
