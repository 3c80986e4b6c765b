import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { compareCheckouts, type ComparedRow, type ComparisonOptions } from "./comparison.ts";
import { expectCheckout, type RemoteRow, RowError, type Stopwatch, StopwatchProcess } from "./stopwatch_process.ts";

const PROJECT = decodeURIComponent(new URL("../../", import.meta.url).pathname).replace(/\/$/, "");

/** A stopwatch that knows the times of some rows, and writes down what it is asked. */
function fakeStopwatch(who: string, times: Readonly<Record<string, number[]>>, asked: string[]): Stopwatch {
  return {
    device: "fake",
    open(_, name): Promise<RemoteRow> {
      asked.push(`${who} open ${name}`);
      const left = times[name]?.map((ms) => ({ ms, cpuMs: 2 * ms }));
      if (left === undefined) return Promise.reject(new RowError(`no ${name}`));
      const samples = left.splice(0, 1);
      return Promise.resolve({
        samples,
        hasEnough: () => left.length === 0,
        sample() {
          asked.push(who);
          samples.push(left.shift() ?? samples[0]);
          return Promise.resolve(samples.at(-1)!.ms);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(void asked.push(`${who} close`)),
      });
    },
  };
}

async function compare(before: Stopwatch, after: Stopwatch, names: readonly string[]) {
  const rows: ComparedRow[] = [];
  const skipped: string[] = [];
  const onSkip: ComparisonOptions["onSkip"] = ({ name, reason }) => skipped.push(`${name}: ${reason}`);
  for await (const row of compareCheckouts(before, after, { shapes: "reference", names, onSkip })) rows.push(row);
  return { rows, skipped };
}

Deno.test("two checkouts are sampled by turns, and a row is the ratio of their medians", async () => {
  const asked: string[] = [];
  const before = fakeStopwatch("old", { gelu: [4, 9, 6] }, asked);
  const { rows } = await compare(before, fakeStopwatch("new", { gelu: [3, 2] }, asked), ["gelu"]);
  const times = { oldMs: 6, newMs: 3, ratio: 2, oldCpuMs: 12, newCpuMs: 6, cpuRatio: 2 };
  assertEquals(rows, [{ name: "gelu", ...times, oldSamples: 3, newSamples: 3 }]);
  const turns = ["old", "new", "old", "new"];
  assertEquals(asked, ["old open gelu", "new open gelu", ...turns, "new close", "old close"]);
});

Deno.test("a row that either checkout lacks is left out with the reason, and the other's is closed", async () => {
  const asked: string[] = [];
  const before = fakeStopwatch("old", { gelu: [1], adamw: [2] }, asked);
  const after = fakeStopwatch("new", { "gelu.dX": [1], adamw: [2] }, asked);
  const { rows, skipped } = await compare(before, after, ["gelu", "gelu.dX", "adamw"]);
  assertEquals(rows.map(({ name }) => name), ["adamw"]);
  assertEquals(skipped, ["gelu: new: no gelu", "gelu.dX: old: no gelu.dX"]);
  assertEquals(asked.filter((text) => text.endsWith("close")), ["old close", "new close", "old close"]);
});

Deno.test("matmul stands for all of its products", async () => {
  const { skipped } = await compare(fakeStopwatch("old", {}, []), fakeStopwatch("new", {}, []), ["matmul"]);
  assertEquals(skipped.length, 4);
  for (const reason of skipped) assertStringIncludes(reason, "matmul/");
});

Deno.test("a folder that is no checkout is refused in one line", async () => {
  const missing = "lacks/everything";
  await assertRejects(() => expectCheckout(missing), InputError, `${missing}: has no deno.json`);
  const kernels = `${PROJECT}/kernels`;
  await assertRejects(() => expectCheckout(kernels), InputError, `${kernels}: has no deno.json`);
  await expectCheckout(PROJECT);
});

Deno.test("a stopwatch in a process times rows of the checkout whose folder it is started in, and outlives what it lacks", async () => {
  await using stopwatch = await StopwatchProcess.start(PROJECT);
  await assertRejects(() => stopwatch.open("reference", "no such row"), RowError, "no such row");
  await using row = await stopwatch.open("reference", "fill");
  await row.sample();
  for (const { ms, cpuMs } of row.samples) assertEquals([ms > 0, cpuMs > 0], [true, true]);
});

Deno.test("a checkout whose modules cannot be loaded is refused in one line", async () => {
  const folder = await Deno.makeTempDir({ dir: `${PROJECT}/.cache` });
  try {
    for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(`${PROJECT}/${file}`, `${folder}/${file}`);
    const config = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ ...config, links: [] }));
    const error = await assertRejects(() => StopwatchProcess.start(folder), InputError);
    assertStringIncludes(error.message, `${folder}: its kernels cannot be timed: Module not found`);
    assertEquals(error.message.includes("\n"), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
