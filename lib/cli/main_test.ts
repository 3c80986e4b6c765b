import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NoAdapterError } from "#kernels/runtime/adapter.ts";
import { GpuMemoryError } from "#kernels/runtime/device_errors.ts";
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

Deno.test("where the GPU's memory does not suffice, it is said what of the command takes less", async () => {
  const failure = failing(new GpuMemoryError("the GPU has no memory left"));
  assertEquals(await runMain(["fail"], [failure]), { status: 1, out: "", err: "error: the GPU has no memory left\n" });
  const { err } = await runMain(["fail"], [{ ...failure, lessMemory: "--less takes less" }]);
  assertEquals(err, "error: the GPU has no memory left; --less takes less\n");
});

Deno.test("what was thrown first is said, not what closing threw after it", async () => {
  const failure = failing(new InputError("no such model"));
  const closing: Command = {
    ...failure,
    async run(...given) {
      await using _ = { [Symbol.asyncDispose]: () => Promise.reject(new RangeError("cannot close")) };
      return await failure.run(...given);
    },
  };
  const { status, err } = await runMain(["fail"], [closing]);
  assertEquals([status, err], [2, "error: no such model\n"]);
});

Deno.test("a stack trace is shown with --debug only", async () => {
  const error = new RangeError("axis C is 52");
  assertEquals((await runMain(["fail"], [failing(error)])).err, "error: axis C is 52 (--debug shows where)\n");
  assertStringIncludes((await runMain(["fail", "--debug"], [failing(error)])).err, "main_test.ts");
});
