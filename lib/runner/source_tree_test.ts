import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { defineKernel } from "#kernels/runtime/kernel.ts";
import { codeTokens, GONE, runtimeImports, SourceTree } from "./source_tree.ts";

/** A project of these files, in a folder of its own. */
async function withProject(files: Readonly<Record<string, string>>, fn: (project: URL) => Promise<void> | void) {
  const folder = await Deno.makeTempDir();
  try {
    const project = new URL(`file://${folder}/`);
    const config = { imports: { "#lib/": "./lib/", "zod": "npm:zod@4", "@std/csv": "jsr:@std/csv@1" } };
    for (const [path, text] of Object.entries({ "deno.json": JSON.stringify(config), ...files })) {
      await Deno.mkdir(new URL(".", new URL(path, project)), { recursive: true });
      await Deno.writeTextFile(new URL(path, project), text);
    }
    await fn(project);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const FILES = {
  "lib/a.ts": 'import { b } from "./b.ts";\nimport type { T } from "./types.ts";\nexport const a = b;\n',
  "lib/b.ts":
    'import table from "#lib/table.json" with { type: "json" };\nexport { c } from "zod";\nexport const b = table;\n',
  "lib/types.ts": "export type T = number;\n",
  "lib/table.json": "[1]\n",
  "lib/other.ts": "export const other = 1;\n",
};

function sourcesOf(project: URL, name = "lib/a.ts") {
  return new SourceTree(project).reachedFrom(new URL(name, project).href);
}

Deno.test("a module reaches what it imports at run time: modules, data and packages, and no more", () =>
  withProject(FILES, (project) => {
    const sources = sourcesOf(project);
    assertEquals(Object.keys(sources), ["lib/a.ts", "lib/b.ts", "lib/table.json", "package zod"]);
    assertEquals(sources["package zod"], "npm:zod@4");
  }));

Deno.test("comments, white space and types alone change nothing; anything else changes what reaches it", () =>
  withProject(FILES, async (project) => {
    const before = sourcesOf(project);
    const after = async (path: string, text: string) => {
      const old = await Deno.readTextFile(new URL(path, project));
      await Deno.writeTextFile(new URL(path, project), text);
      const sources = sourcesOf(project);
      await Deno.writeTextFile(new URL(path, project), old);
      return Object.keys({ ...before, ...sources }).filter((name) => before[name] !== sources[name]);
    };
    assertEquals(await after("lib/b.ts", `/** Docs. */\n${FILES["lib/b.ts"].replaceAll("\n", "\n\n  // more\n")}`), []);
    assertEquals(await after("lib/types.ts", "export type T = string;\n"), []);
    assertEquals(await after("lib/other.ts", "export const other = 2;\n"), []);
    assertEquals(await after("lib/b.ts", `${FILES["lib/b.ts"]}export const d = "// no comment";\n`), ["lib/b.ts"]);
    assertEquals(await after("lib/table.json", "[2]\n"), ["lib/table.json"]);
    assertEquals(await after("lib/a.ts", 'import "./other.ts";\n'), [
      ...["lib/a.ts", "lib/b.ts", "lib/table.json", "package zod", "lib/other.ts"],
    ]);
  }));

Deno.test("what looks like a comment in a string, a template or a pattern is code", () => {
  const digest = (text: string) => codeTokens(text).join(" ");
  for (
    const [one, other] of [['"//a"', '"//b"'], ["`/*a*/`", "`/*b*/`"], ["/[/*]a/", "/[/*]b/"], [
      "`${1 /*x*/}`",
      "`${2}`",
    ]]
  ) {
    assertNotEquals(digest(`const x = ${one};`), digest(`const x = ${other};`));
  }
  assertEquals(digest("f(a /* b */, c) // d"), digest("f(a,c)"));
});

Deno.test("imports of every form are found, but for those of types", () => {
  const text = `
    import a from "./a.ts"; import b, { type B } from "./b.ts"; import "./c.ts"; import * as d from "./d.ts";
    export { e } from "./e.ts"; export * from "./f.ts"; const g = await import("./g.ts");
    import type { H } from "./h.ts"; export type { I } from "./i.ts"; import type from "./j.ts";
    import k from "./k.json" with { type: "json" }; const from = "./no.ts"; export const url = import.meta.url + "./not.ts";`;
  assertEquals(runtimeImports(codeTokens(text)), [
    ...["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts", "./j.ts", "./k.json"],
  ]);
});

Deno.test("a kernel's digest is that of its WGSL without comments and white space, whatever module defines it", () => {
  const kernelDigest = (name: string) => new SourceTree().kernel(name);
  const wgsl = "fn main() { let x = 1; }";
  defineKernel("digest test", wgsl);
  const digest = kernelDigest("digest test");
  defineKernel("digest test, commented", `// About.\n${wgsl.replace("{ let", "{\n  /* one */ let")}`);
  assertEquals(kernelDigest("digest test, commented"), digest);
  defineKernel("digest test, changed", wgsl.replace("1;", "2;"));
  assertNotEquals(kernelDigest("digest test, changed"), digest);
  defineKernel("digest test", wgsl.replace("1;", "3;"));
  assertNotEquals(kernelDigest("digest test"), digest, "a second text of the name counts");
  assertEquals(kernelDigest("no such kernel"), GONE);
});

Deno.test("the project's own training code reaches models and data, and neither references nor reports", () => {
  const tree = new SourceTree();
  const names = Object.keys(
    tree.reachedFrom(new URL("../../experiments/tasks/instruction_experiment.ts", import.meta.url).href),
  );
  for (const name of ["lib/models/llama.ts", "lib/data/wordnet_concepts.json", "kernels/matmul/matmul.ts"]) {
    assert(names.includes(name), name);
  }
  assertEquals(names.filter((name) => /_reference\.ts$|\.wgsl$|lib\/reporting\/(table|figures)/.test(name)), []);
  assertThrows(() => tree.reachedFrom("https://example.com/a.ts"), RangeError, "it is not in");
});
