import { assertEquals } from "@std/assert";

const PROJECT = new URL("../", import.meta.url);
const MAX_LINES = 300;

/** The parts of lib that build on one another; each may import those to its left. */
const LIB_ORDER = [
  ...["random", "autograd", "nn", "models", "memory", "generation", "objectives", "training", "preferences"],
  ...["verification", "bench", "evaluation", "runner", "cluster", "distillation", "comparison", "speed", "cli"],
];
/** The parts that know no model and no GPU; everything may import them. Each may import `random` and the leaves to its left. */
const LIB_LEAVES = ["data", "metrics", "results", "tokenizers", "statistics", "reporting", "endpoint", "judge", "hub"];
const PARTS = ["random", ...LIB_LEAVES, ...LIB_ORDER.slice(1)];

interface SourceFile {
  /** From the project's root, as in `lib/nn/linear.ts`. */
  readonly path: string;
  readonly text: string;
  /** Project files that it imports, as paths from the project's root. */
  readonly imports: readonly string[];
}

async function readSources(...folders: string[]): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const folder of folders) {
    for (const path of listFiles(folder)) {
      const text = await Deno.readTextFile(new URL(path, PROJECT));
      sources.push({ path, text, imports: path.endsWith(".ts") ? importsOf(path, text) : [] });
    }
  }
  return sources;
}

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, PROJECT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(`${folder}/${name}`) : /\.(ts|wgsl)$/.test(name) ? [`${folder}/${name}`] : []
  ).sort();
}

function importsOf(path: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:^|\s|\()(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, specifier]) =>
    specifier
  );
  return specifiers.flatMap((specifier) => {
    if (specifier.startsWith("#")) return [specifier.slice(1)];
    if (!specifier.startsWith(".")) return [];
    return [new URL(specifier, new URL(path, PROJECT)).href.slice(PROJECT.href.length)];
  });
}

/** The imports, `file imports file`, that a rule forbids. */
function forbidden(sources: readonly SourceFile[], isForbidden: (from: string, to: string) => boolean): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.filter((to) => isForbidden(path, to)).map((to) => `${path} imports ${to}`)
  );
}

function libPart(path: string): string | undefined {
  return /^lib\/(\w+)\//.exec(path)?.[1];
}

Deno.test("the rules see imports of every form", () => {
  const text =
    'import a from "#lib/a.ts";\nexport { b } from "./b.ts";\nimport "../c.wgsl";\nawait import("#kernels/d.ts");' +
    '\nimport { type Long,\n  other } from "../nn/e.ts"; import x from "zod";';
  assertEquals(importsOf("lib/models/x.ts", text), [
    ...["lib/a.ts", "lib/models/b.ts", "lib/c.wgsl", "kernels/d.ts", "lib/nn/e.ts"],
  ]);
});

Deno.test("kernels import nothing of lib or experiments, and lib nothing of experiments", async () => {
  const upwards = forbidden(
    await readSources("kernels", "lib"),
    (from, to) => to.startsWith("experiments/") || (from.startsWith("kernels/") && to.startsWith("lib/")),
  );
  assertEquals(upwards, []);
});

Deno.test("nothing imports results", async () => {
  const sources = await readSources("kernels", "lib", "experiments");
  assertEquals(forbidden(sources, (_, to) => to.startsWith("results/")), []);
});

Deno.test("every part of lib has its place in the order", async () => {
  const parts = new Set(
    (await readSources("lib")).map(({ path }) => libPart(path)).filter((part) => part !== undefined),
  );
  assertEquals([...parts].filter((part) => !LIB_ORDER.includes(part) && !LIB_LEAVES.includes(part)), []);
});

Deno.test("a part of lib imports only those before it and the leaves", async () => {
  const sources = (await readSources("lib")).filter(({ path }) => !path.endsWith("_test.ts"));
  const sideways = forbidden(sources, (from, to) => {
    const [importer, imported] = [libPart(from), libPart(to)];
    if (importer === undefined || imported === undefined || importer === imported) return false;
    if (importer === "random") return true;
    if (!LIB_LEAVES.includes(importer)) return PARTS.indexOf(imported) > PARTS.indexOf(importer);
    return imported !== "random" && !LIB_LEAVES.slice(0, LIB_LEAVES.indexOf(importer)).includes(imported);
  });
  assertEquals(sideways, []);
});

Deno.test("the leaves of lib use no GPU: of kernels they import the number generator at most", async () => {
  const leaves = (await readSources("lib")).filter(({ path }) => LIB_LEAVES.includes(libPart(path) ?? ""));
  assertEquals(forbidden(leaves, (_, to) => to.startsWith("kernels/") && to !== "kernels/random/philox.ts"), []);
});

Deno.test("texts are read by lib/text_file.ts, which refuses bytes that are not UTF-8, where the runtime replaces them", async () => {
  const sources = (await readSources("lib", "experiments")).filter(({ path }) => !/(^|\/)test_|_test\.ts$/.test(path));
  const reading = sources.filter(({ text }) => /readTextFile/.test(text));
  assertEquals(reading.map(({ path }) => path), []);
});

Deno.test("WGSL lives in .wgsl files of kernels, never in TypeScript but for the tests of the runtime that reads it", async () => {
  const sources = await readSources("kernels", "lib", "experiments");
  const wgsl = /@(compute|workgroup_size|builtin\()|var<(storage|workgroup|uniform|private)/;
  const inTypeScript = sources.filter(({ path, text }) =>
    path.endsWith(".ts") && wgsl.test(text) && !isThisFile(path) && !/^kernels\/runtime\/\w+_test\.ts$/.test(path)
  );
  assertEquals(inTypeScript.map(({ path }) => path), []);
  const elsewhere = sources.filter(({ path }) => path.endsWith(".wgsl") && !path.startsWith("kernels/"));
  assertEquals(elsewhere.map(({ path }) => path), []);
});

Deno.test("only kernels make buffers, pipelines and devices", async () => {
  const making =
    /\.(requestAdapter|requestDevice|create(Buffer|BindGroup|ShaderModule|ComputePipeline|CommandEncoder))\w*\(/;
  const above = (await readSources("lib", "experiments")).filter(({ text }) => making.test(text));
  assertEquals(above.map(({ path }) => path), []);
});

Deno.test("no source file is over 300 lines", async () => {
  const sources = await readSources("kernels", "lib", "experiments", "tools");
  const long = sources.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
  assertEquals(long.filter(({ lines }) => lines > MAX_LINES), []);
});

Deno.test("no task runs with all permissions, and ./run can read each one's description", async () => {
  const config = await Deno.readTextFile(new URL("deno.json", PROJECT));
  const { tasks } = JSON.parse(config) as { tasks: Record<string, { description: string; command: string }> };
  for (const [name, { description, command }] of Object.entries(tasks)) {
    assertEquals(/(^|\s)(-\w*A|--allow-all)\b/.test(command), false, name);
    assertEquals(config.includes(`\n    "${name}": { "description": "${description}", "command": "`), true, name);
  }
  for (const script of ["run", ".ci/run"]) {
    const text = await Deno.readTextFile(new URL(script, PROJECT));
    assertEquals(/deno\b.*\s(-A|--allow-all)\b/.test(text), false, script);
  }
});

function isThisFile(path: string): boolean {
  return path === "lib/floors_test.ts";
}
