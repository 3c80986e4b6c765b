import { assertEquals } from "@std/assert";
import { compareDependencies } from "./compare_dependencies.ts";

const file = (before: unknown, after: unknown) => ({
  before: before && JSON.stringify(before) as string | undefined,
  after: after && JSON.stringify(after) as string | undefined,
} as { before: string | undefined; after: string | undefined });

Deno.test("imports and locked packages that differ are told by their names and versions", () => {
  const files = new Map([
    [
      "deno.json",
      file({ imports: { zod: "npm:zod@1", "#lib/": "./lib/" } }, { imports: { zod: "npm:zod@2", "#lib/": "./lib/" } }),
    ],
    [
      "deno.lock",
      file(
        { npm: { "zod@1.0.0": {}, "vega-lite@6.5.0_vega@6.4.0": {}, "@types/estree@1.0.10": {}, "d3@1.0.0": {} } },
        {
          npm: {
            "zod@2.0.0": {},
            "vega-lite@6.5.0_vega@6.5.0": {},
            "@types/estree@1.0.11": {},
            "d3@1.0.0": {},
            "d3@2.0.0": {},
          },
        },
      ),
    ],
  ]);
  assertEquals(compareDependencies(files), [
    { kind: "import", name: "zod", before: "npm:zod@1", after: "npm:zod@2" },
    { kind: "locked", name: "@types/estree", before: "1.0.10", after: "1.0.11" },
    { kind: "locked", name: "d3", before: "1.0.0", after: "1.0.0, 2.0.0" },
    { kind: "locked", name: "zod", before: "1.0.0", after: "2.0.0" },
  ]);
});

Deno.test("a file that is not there or no JSON has no dependencies", () => {
  assertEquals(compareDependencies(new Map()), []);
  assertEquals(compareDependencies(new Map([["deno.json", { before: "// no", after: undefined }]])), []);
  assertEquals(compareDependencies(new Map([["deno.json", file(undefined, { imports: { a: "b" } })]])), [
    { kind: "import", name: "a", before: undefined, after: "b" },
  ]);
});
