import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { defineKernel } from "./kernel.ts";
import wgsl from "./kernel_test.wgsl" with { type: "text" };
import loadsWgsl from "./kernel_loads_test.wgsl" with { type: "text" };
import reachedWgsl from "./kernel_reached_test.wgsl" with { type: "text" };
import paramsWgsl from "./kernel_params_test.wgsl" with { type: "text" };

Deno.test("defineKernel names bindings in the order of their numbers, with the access that each declares", () => {
  const { bindings } = defineKernel("both", wgsl, "both");
  assertEquals(bindings, [
    { name: "x", access: "read", element: "vec4f", isLoaded: false },
    { name: "y", access: "read", element: "f32", isLoaded: false },
    { name: "out", access: "read_write", element: "f32", isLoaded: false },
  ]);
});

Deno.test("defineKernel names the fields of Params with their types, in order", () => {
  assertEquals(defineKernel("both", wgsl, "both").params, [
    { name: "count", type: "u32" },
    { name: "shift", type: "i32" },
    { name: "scale", type: "f32" },
    { name: "x", type: "u32" },
  ]);
});

Deno.test("defineKernel finds the overrides, and none in comments", () => {
  assertEquals([...defineKernel("both", wgsl, "both").overrides], ["WORKGROUP", "IS_CAUSAL"]);
});

Deno.test("defineKernel leaves out what only other entry points use, the uniform too", () => {
  const { bindings, params } = defineKernel("one", wgsl, "throughFunction");
  assertEquals(bindings.map(({ name }) => name), ["weights"]);
  assertEquals(params, []);
});

Deno.test("defineKernel takes no field or swizzle for a binding of that name", () => {
  assertEquals(defineKernel("fields", wgsl, "fieldsOnly").bindings.map(({ name }) => name), ["out"]);
});

const loading = (type: string, body: string) =>
  loadsWgsl.replace("array<Block>", `array<${type}>`).replace("out[0] = loadDOut(1u);", body);

Deno.test("defineKernel binds what a text loads, with the type that an alias stands for", () => {
  assertEquals(defineKernel("op", loading("Block", "out[0] = loadDOut(1u);")).bindings, [
    { name: "dOut", access: "read", element: "vec4f", isLoaded: true },
    { name: "out", access: "read_write", element: "vec4f", isLoaded: false },
  ]);
});

Deno.test("defineKernel refuses to load what is written, what is indexed as well, and what no image holds", () => {
  const refused = (text: string, why: string) => assertThrows(() => defineKernel("op", text), SyntaxError, why);
  refused(loading("vec4f", "out[0] = loadOut(1u);"), "loadOut cannot read out, since the kernel writes it");
  refused(loading("vec4f", "out[0] = loadDOut(1u) + dOut[0];"), "since the text says dOut[i] elsewhere");
  refused(loading("vec3f", "out[0].x = loadDOut(1u).x;"), "loadDOut cannot read dOut, since it holds vec3f");
});

Deno.test("defineKernel refuses an entry point that the text lacks, by name", () => {
  assertThrows(
    () => defineKernel("norm", wgsl, "backward"),
    SyntaxError,
    "Cannot define norm: its WGSL has no fn backward",
  );
  assertThrows(() => defineKernel("norm", wgsl), SyntaxError, "no fn main");
});

Deno.test("defineKernel refuses a field of Params that is not a scalar of four bytes", () => {
  const text = (field: string) => paramsWgsl.replace("scale: f32", field);
  for (const field of ["size: vec2u", "flag: bool", "values: array<f32, 4>", "half: f16"]) {
    assertThrows(() => defineKernel("op", text(field)), SyntaxError, "Cannot define op: field");
  }
  assertEquals(defineKernel("op", text("scale: f32,")).params.length, 2);
});

Deno.test("defineKernel refuses a uniform whose struct the text lacks", () => {
  const text = paramsWgsl.replace("struct Params", "struct Others");
  assertThrows(() => defineKernel("op", text), SyntaxError, "Cannot define op: its WGSL has no struct Params");
});

Deno.test("defineKernel binds exactly the variables that an entry point reaches, whatever their order in the text", () => {
  const names = ["a", "b", "ab", "values", "dOut"];
  const lines = reachedWgsl.split("\n");
  const declares = (line: string) => line.startsWith("@group");
  const uses = (line: string) => /sum \+= (\w+)/.exec(line)?.[1];
  const declarations = fc.shuffledSubarray(lines.filter(declares), { minLength: 1 });
  const used = fc.subarray(names);
  fc.assert(
    fc.property(declarations, used, fc.boolean(), (declared, reached, throughCall) => {
      const isDeclared = (name: string) => declared.some((line) => line.includes(` ${name}: `));
      const isKept = (name: string) => reached.includes(name) && isDeclared(name);
      const code = lines.filter((line) => !declares(line) && (uses(line) === undefined || isKept(uses(line)!)));
      const text = [...declared, ...code].join("\n").replace("= inner()", throughCall ? "= inner()" : "= 0.0");
      const expected = names.filter((name) => throughCall && isKept(name));
      assertEquals(defineKernel("op", text).bindings.map(({ name }) => name), expected);
    }),
    { seed: 1, numRuns: 200 },
  );
});
