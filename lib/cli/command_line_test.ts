import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { defineCommand } from "./command.ts";
import { formatHelp, parseCommandLine } from "./command_line.ts";

const paint = defineCommand({
  name: "paint",
  positional: { name: "WALL", kind: "path", min: 1 },
  flags: {
    profile: { kind: "text", value: "P", help: "sizes" },
    format: { kind: "choice", value: "FORMAT", known: ["md", "csv"], help: "of the output" },
    methods: { kind: "names", value: "A,B", help: "which" },
    seeds: { kind: "seeds", value: "N,N", help: "of the samples" },
    results: { kind: "path", value: "DIR", help: "where to" },
    set: { kind: "repeated", value: "KEY=VALUE", help: "changes a setting" },
    quiet: { kind: "switch", help: "says nothing" },
  },
  run: () => Promise.resolve(0),
});

const rejects = (args: string[], message: string) =>
  assertThrows(() => parseCommandLine(paint, args), InputError, message);

Deno.test("flags are read by their kinds, with = or a space, before and after the arguments", () => {
  const { positional, flags } = parseCommandLine(paint, [
    ...[
      "--seeds",
      "10,20",
      "north",
      "--methods=ammd,sft",
      "--set",
      "a=1",
      "12",
      "--quiet",
      "--set=b=2",
      "--format",
      "csv",
    ],
  ]);
  assertEquals(positional, ["north", "12"]);
  assertEquals(flags, {
    profile: undefined,
    format: "csv",
    methods: ["ammd", "sft"],
    seeds: [10, 20],
    results: undefined,
    set: ["a=1", "b=2"],
    quiet: true,
  });
});

Deno.test("arguments of another program may begin with a dash", () => {
  const flags = {
    args: { kind: "arguments", value: "ARGS", help: "for it" },
    quiet: { kind: "switch", help: "" },
  } as const;
  const command = defineCommand({ name: "paint", flags, run: () => Promise.resolve(0) });
  const read = (...args: string[]) => parseCommandLine(command, args).flags;
  const given = { args: "--time=1 --quiet", quiet: false };
  assertEquals(read("--args", "--time=1 --quiet"), given);
  assertEquals(read("--args=--time=1 --quiet"), given);
  assertEquals(read("--args", "--quiet", "--quiet"), { args: "--quiet", quiet: true });
  assertThrows(() => read("--quiet", "--args"), InputError, "--args needs a value");
});

Deno.test("flags that are not given are undefined, empty or off", () => {
  const { flags } = parseCommandLine(paint, ["north"]);
  assertEquals([flags.seeds, flags.set, flags.quiet], [undefined, [], false]);
});

Deno.test("an unknown flag is answered with the likeliest", () => {
  rejects(["north", "--sedes", "10"], "unknown flag --sedes; did you mean --seeds? ./run paint --help");
  rejects(["north", "--wxyz=1"], "unknown flag --wxyz; ./run paint --help");
  rejects(["north", "-x"], "unknown flag -x");
  rejects(["north", "--no-quiet"], "unknown flag --no-quiet");
});

Deno.test("a flag without its value is an error that shows what it takes", () => {
  rejects(["north", "--seeds"], "--seeds needs a value: --seeds N,N");
  rejects(["north", "--profile", "--quiet"], "--profile needs a value: --profile P");
  rejects(["north", "--set="], "--set needs a value: --set KEY=VALUE");
});

Deno.test("a seed that is no whole number, too large or given twice is an error", () => {
  rejects(["north", "--seeds", "10,x"], '--seeds 10,x: "x" is not a whole number from 0 to 4294967295');
  rejects(["north", "--seeds", "1.5"], '"1.5" is not');
  rejects(["north", "--seeds", "4294967296"], "is not a whole number");
  rejects(["north", "--seeds=-1"], '"-1" is not');
  rejects(["north", "--seeds", "10,"], '"" is not');
  rejects(["north", "--seeds", "7,7"], "a seed occurs twice");
});

Deno.test("a list may be given in parts, and none of them is lost", () => {
  const read = (...args: string[]) => parseCommandLine(paint, ["north", ...args]).flags;
  assertEquals(read("--seeds", "10", "--seeds", "20,30").seeds, [10, 20, 30]);
  assertEquals(read("--methods", "sft", "--methods=kd,sft").methods, ["sft", "kd"]);
  rejects(["north", "--seeds", "10", "--seeds", "20,10"], "--seeds 10,20,10: a seed occurs twice");
  rejects(["north", "--methods", "sft", "--methods"], "--methods needs a value");
});

Deno.test("a second value of a flag that takes one is an error, the same or not", () => {
  rejects(
    ["north", "--profile", "tiny", "--profile", "quick"],
    "--profile is given 2 times (tiny, quick); it takes one",
  );
  rejects(["north", "--results=a", "--results", "a"], "--results is given 2 times (a, a)");
  rejects(["north", "--format", "md", "--format", "csv", "--format", "md"], "--format is given 3 times");
  assertEquals(parseCommandLine(paint, ["north", "--quiet", "--quiet"]).flags.quiet, true);
});

Deno.test("what a message repeats of the arguments is short, and seen", () => {
  for (
    const args of [["--seeds", "\u001b[2J".repeat(999)], [`--${"x".repeat(999)}`], [
      "--profile",
      "a",
      "--profile",
      "b".repeat(999),
    ]]
  ) {
    const { message } = assertThrows(() => parseCommandLine(paint, ["north", ...args]), InputError);
    assertEquals([message.length < 800, message.includes("\u001b")], [true, false], message);
  }
});

Deno.test("an unknown choice is answered with what is known", () => {
  rejects(["north", "--format", "html"], 'unknown --format "html"; known are md, csv');
});

Deno.test("missing arguments are an error, as are arguments of a command that takes none", () => {
  rejects([], "paint needs WALL");
  const { positional: _, ...rest } = paint;
  assertThrows(() => parseCommandLine(rest, ["north"]), InputError, 'paint takes flags only, not "north"');
});

Deno.test("relative paths start where the user called from, other arguments stay as they are", () => {
  const { positional, flags } = parseCommandLine(
    paint,
    ["a b/north", "/south", "--results", "../out", "--profile", "tiny"],
    "/me",
  );
  assertEquals(positional, ["/me/a b/north", "/south"]);
  assertEquals([flags.results, flags.profile], ["/me/../out", "tiny"]);
  assertEquals(parseCommandLine(paint, ["north"]).positional, ["north"]);
});

Deno.test("the help tells every flag with its value and the known words", () => {
  const help = formatHelp(paint);
  assertStringIncludes(help, "Usage: ./run paint WALL… [FLAGS]");
  assertStringIncludes(help, "--format FORMAT  of the output: md, csv");
  for (const flag of ["help", "debug", ...Object.keys(paint.flags)]) assertStringIncludes(help, `--${flag}`);
  assertEquals(parseCommandLine(paint, ["-h"]).help, true);
});

Deno.test("a number may have a sign, a point and an exponent, and is nothing else", () => {
  const heat = defineCommand({
    name: "heat",
    flags: { by: { kind: "number", value: "T", help: "how much" } },
    run: () => Promise.resolve(0),
  });
  const by = (text: string) => parseCommandLine(heat, [`--by=${text}`]).flags.by;
  const given = ["0.7", "-1", "+2.", ".5", "1e-3", "0"];
  assertEquals(given.map(by), [0.7, -1, 2, 0.5, 0.001, 0]);
  assertEquals(parseCommandLine(heat, []).flags.by, undefined);
  for (const text of ["warm", "1,2", "0x10", "Infinity", "1e999", ".", "1 "]) {
    assertThrows(() => by(text), InputError, `--by ${text}: must be a number, as in 0.7`);
  }
  assertThrows(() => parseCommandLine(heat, ["--by", "1", "--by", "2"]), InputError, "--by is given 2 times");
});
