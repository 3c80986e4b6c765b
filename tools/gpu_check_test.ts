import { assert, assertEquals, assertMatch } from "@std/assert";
import { describeResult, runStep, stepsOf } from "./gpu_check.ts";

const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
const step = { name: "a step", limitSeconds: 60, isJson: true };
const evaluate = (code: string) => ["eval", "--quiet", code];

Deno.test("the steps take what is there, less of it where quick, and less than 8 minutes", () => {
  const all = stepsOf(tasks, false, () => true);
  assertEquals(all.map(({ name }) => name), ["verify", "kernels", "bench gpt2", "bench reference"]);
  assert(all.reduce((sum, { limitSeconds }) => sum + limitSeconds + 5, 0) < 8 * 60);
  assert(all[0].args.includes("../shared/fixtures/objectives"));
  assertEquals(all[1].args.at(-1), "kernels");
  const few = stepsOf(tasks, true, (folder) => folder.startsWith("lib/"));
  assertEquals(few[0].args.slice(-4), [
    ...["gpt2", "llama", "t5"].map((name) => `lib/verification/fixtures/${name}`),
    "--json",
  ]);
  assertEquals(few[2].args.slice(-3), ["--shapes", "gpt2_quick", "--json"]);
  for (const { args } of [...all, ...few]) assertEquals(args.filter((arg) => /^(-A|--allow-all)$/.test(arg)), []);
});

Deno.test("a step's result has the value that it printed, and is a line to read", async () => {
  const result = await runStep({ ...step, args: evaluate("console.log(JSON.stringify({ a: 1 }))") });
  assertEquals([result.status, result.output], ["ok", { a: 1 }]);
  assertMatch(describeResult(result), /^a step: ok, [\d.]+ s$/);
});

Deno.test("a step that fails keeps what it said", async () => {
  const code = "console.log('so far'); console.error('error: no'); Deno.exit(1)";
  const result = await runStep({ ...step, args: evaluate(code) });
  assertEquals([result.status, result.output, result.errors], ["failed", "so far\n", "error: no\n"]);
  assertMatch(describeResult(result), /^a step: failed, [\d.]+ s: so far$/);
});

/** Options by which the limits of a step are reached, the first so many, when it has written to its standard error. */
function limitsReached(count: number) {
  const callbacks: (() => void)[] = [];
  const after = (_: number, callback: () => void) => {
    callbacks.push(callback);
    return () => {};
  };
  return { after, show: () => callbacks.splice(0, count).forEach((callback) => callback()) };
}

Deno.test("a step is ended at its limit, and what it printed is kept", async () => {
  const args = evaluate("console.log('[1,'); console.error('ready'); setInterval(() => {}, 1000)");
  const { status, output } = await runStep({ ...step, args }, limitsReached(1));
  assertEquals([status, output], ["out of time", "[1,\n"]);
});

Deno.test("a step that hears no signal is killed", async () => {
  const args = evaluate("Deno.addSignalListener('SIGTERM', () => {}); console.error('ready'); for (;;);");
  assertEquals((await runStep({ ...step, args }, limitsReached(2))).status, "out of time");
});
