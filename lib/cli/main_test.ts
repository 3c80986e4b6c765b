import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NoAdapterError } from "#kernels/runtime/adapter.ts";
import { InputError } from "#lib/errors.ts";
import { type Command, defineCommand } from "./command.ts";
import { COMMANDS, main } from "./main.ts";
import { keptTerminal } from "./test_terminal.ts";

/** Runs a command line and keeps what it writes. */
async function runMain(args: readonly string[], commands: readonly Command[] = COMMANDS) {
  const { terminal, printed, reported } = keptTerminal();
  const experiments = [
    {
      name: "walls",
      source: "Paper, Table 1",
      description: "colours",
      methods: [{
        name: "limewash",
        summary: "brushed on thin",
        making: () => ({ run: "limewash", settings: {}, numerics: {} }),
      }],
      open: () => Promise.reject(),
      report: () => ({ tables: {}, figures: {} }),
    },
  ];
  const status = await main(args, { experiments, terminal, commands });
  return { status, out: printed(), err: reported() };
}

function failing(error: unknown): Command {
  return defineCommand({ name: "fail", flags: {}, run: () => Promise.reject(error) });
}

Deno.test("list names experiments, profiles, methods and data sets", async () => {
  const { status, out } = await runMain(["list"]);
  assertEquals(status, 0);
  assertMatch(out, /Experiments\n {2}walls +Paper, Table 1: colours/);
  for (const name of ["smoke", "tiny", "dolly", "vicuna", "limewash"]) {
    assertMatch(out, new RegExp(`^ {2}${name} +\\S`, "m"));
  }
});

Deno.test("without a command, and with --help, the usage names every command", async () => {
  for (const args of [[], ["--help"]]) {
    const { status, out } = await runMain(args);
    assertEquals(status, 0);
    for (const { name } of COMMANDS) assertMatch(out, new RegExp(`^ {2}${name} `, "m"));
  }
});

Deno.test("every command tells its help", async () => {
  for (const { name } of COMMANDS) {
    const { status, out } = await runMain([name, "--help"]);
    assertEquals(status, 0);
    assertStringIncludes(out, `Usage: ./run ${name}`);
  }
});

Deno.test("wrong usage is one line on standard error and status 2", async () => {
  const unknown = await runMain(["lisst"]);
  assertEquals(unknown, { status: 2, out: "", err: unknown.err });
  assertMatch(unknown.err, /^error: unknown command "lisst"; did you mean "list"\? known are [^\n]+\n$/);
  assertMatch((await runMain(["list", "--al"])).err, /^error: unknown flag --al; [^\n]+\n$/);
  assertEquals((await runMain(["fail"], [failing(new InputError("data.jsonl, line 3: no JSON"))])).status, 2);
});

Deno.test("without an adapter the status is 3, after any other error 1", async () => {
  assertEquals((await runMain(["fail"], [failing(new NoAdapterError("no WebGPU adapter"))])).status, 3);
  assertEquals((await runMain(["fail"], [failing(new RangeError("broken"))])).status, 1);
  assertEquals((await runMain(["fail"], [failing("a text")])).status, 1);
});

Deno.test("a stack trace is shown with --debug only", async () => {
  const error = new RangeError("axis C is 52");
  assertEquals((await runMain(["fail"], [failing(error)])).err, "error: axis C is 52 (--debug shows where)\n");
  assertStringIncludes((await runMain(["fail", "--debug"], [failing(error)])).err, "main_test.ts");
});
