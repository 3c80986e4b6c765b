import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import type { Experiment } from "#lib/bench/experiment.ts";
import { defineMethod, variantOf } from "#lib/bench/method.ts";
import { makingOf, registerMethods, rowOf } from "#lib/bench/method_registry.ts";
import { TEST_SECTIONS } from "#lib/bench/test_profile.ts";
import { list } from "./list.ts";
import { main } from "./main.ts";
import { keptTerminal } from "./test_terminal.ts";

const paint = defineMethod({
  summary: "brushed on",
  source: { title: "On Walls (Vitruvius)", year: 2015, url: "https://example.org/walls" },
  equation: "loss = coats × KL(p ‖ q)\ncoats from the settings",
  label: "Paint",
  numerics: 1,
  teacher: "texts",
  settings: z.strictObject({
    coats: z.int().min(1).default(2).describe("how many times"),
    thinned: z.number().gt(0).max(1).default(0.5).describe("share of water"),
    colour: z.enum(["white", "red"]).default("white").describe("of the wall"),
  }),
  run: () => Promise.reject(new Error("a list runs nothing")),
});
const looks = { summary: "brushed on once", label: "One coat" };
const methods = registerMethods({ paint, one_coat: variantOf(paint, { coats: 1 }, looks) });

const walls: Experiment = {
  name: "walls",
  source: "Paper, Table 1",
  description: "colours",
  sections: TEST_SECTIONS,
  methods: Object.entries(methods).map(([name, method]) =>
    rowOf(name, method, (profile) => makingOf(method, profile, { name: "wall", numerics: {}, settings: {} }))
  ),
  open: () => Promise.reject(),
  report: () => ({ tables: {}, figures: {} }),
};

async function listOf(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(["list", ...args, "--profile", "smoke"], {
    experiments: [walls],
    terminal,
    commands: [list],
  });
  return { status, out: printed(), err: reported() };
}

Deno.test("list METHOD prints equation, source and settings with value, range and description, from the method", async () => {
  const { status, out } = await listOf("paint");
  assertEquals(status, 0);
  assertStringIncludes(out, "paint (Paint): brushed on\n");
  assertStringIncludes(out, "Source    On Walls (Vitruvius), 2015\n          https://example.org/walls\n");
  assertStringIncludes(out, "Equation  loss = coats × KL(p ‖ q)\n          coats from the settings\n");
  assertStringIncludes(out, "\nTeacher   its texts are enough\n");
  assertStringIncludes(out, "in profile smoke; --set paint.KEY=VALUE changes one\n");
  assertMatch(out, /^ {2}coats +2 +whole, at least 1 +how many times$/m);
  assertMatch(out, /^ {2}thinned +0\.5 +above 0, at most 1 +share of water$/m);
  assertMatch(out, /^ {2}colour +"white" +white \| red +of the wall$/m);
});

Deno.test("of a variant it says what is fixed, and values are those of the profile and of --set", async () => {
  const { out } = await listOf("one_coat", "--set", "paint.thinned=0.25");
  assertStringIncludes(out, "one_coat (One coat): brushed on once");
  assertStringIncludes(out, "in profile smoke");
  assertMatch(out, /^ {2}coats +1, fixed /m);
  assertMatch(out, /^ {2}thinned +0\.25 /m);
});

Deno.test("list SECTION explains the settings of a section, and an unknown name is answered with the likeliest", async () => {
  const { out } = await listOf("evaluation", "seeds");
  assertMatch(out, /^ {2}critic\.steps +5 +whole, at least 1 +ascent steps/m);
  assertMatch(out, /^seeds: .*; in profile smoke \[10,20\]$/m);
  const { status, err } = await listOf("pant");
  assertEquals(status, 2);
  assertStringIncludes(err, 'unknown method or section "pant"; did you mean "paint"?');
});
