import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "./main.ts";
import { keptTerminal } from "./test_terminal.ts";

/** Runs a command that needs no experiment, and keeps what it writes. */
async function run(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(args, { experiments: [], terminal });
  return { status, printed: printed(), reported: reported() };
}

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });
const recorded = (folder: string) =>
  decodeURIComponent(new URL(`../verification/fixtures/${folder}`, import.meta.url).pathname);

test("doctor names the adapter, its limits and what will run on it", async () => {
  const { status, printed } = await run("doctor");
  assertEquals(status, 0);
  for (const line of [/^adapter {3}\S/m, /^limits {4}\d+ MiB a binding/m, /^runs {6}profiles smoke and tiny$/m]) {
    assertMatch(printed, line);
  }
});

test("verify prints a line a check and the counts, or JSON", async () => {
  const { status, printed } = await run("verify", recorded("gpt2"));
  assertEquals(status, 0);
  assertMatch(printed, /: ok +loss \(error \d\.\de[+-]\d+, tolerance 0\.00001\)/);
  assertMatch(printed, /^\d+ ok, 0 failed, \d+ skipped$/m);
  const json = JSON.parse((await run("verify", recorded("llama"), "--json")).printed);
  assertEquals(json[0].checks.filter(({ status }: { status: string }) => status === "FAIL"), []);
});

test("verify fails with status 1 where a checkpoint is not the recorded one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const { name } of Deno.readDirSync(recorded("gpt2"))) {
      await Deno.copyFile(`${recorded("gpt2")}/${name}`, `${folder}/${name}`);
    }
    const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...config, layer_norm_epsilon: 0.1 }));
    const { status, printed } = await run("verify", folder);
    assertEquals(status, 1);
    assertMatch(printed, /: FAIL +loss/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("bench measures the rate of products, and refuses a name that it does not know", async () => {
  const { status, printed } = await run("bench", "matmul", "--json");
  assertEquals(status, 0);
  const { matmulGflops, rows } = JSON.parse(printed);
  assertEquals(rows.map(({ name }: { name: string }) => name), ["matmul"]);
  assertEquals(rows[0].gflops, matmulGflops);
  const unknown = await run("bench", "matmull");
  assertEquals(unknown.status, 2);
  assertStringIncludes(unknown.reported, 'did you mean "matmul"');
});

test("bench lists every name, and refuses a folder that is no checkout in one line, with status 2", async () => {
  const { status, printed } = await run("bench", "--list");
  assertEquals(status, 0);
  for (const name of ["matmul", "layer_norm", "ammd_step/tiny", "matmul/ffn1600.TN", "attention.dQkv"]) {
    assertMatch(printed, new RegExp(`^ {2}${name} +\\S`, "m"));
  }
  const refused = await run("bench", "fill", "--against", recorded("gpt2"));
  assertEquals(refused.status, 2);
  assertMatch(refused.reported, /^error: [^\n]*gpt2: has no deno\.json; --against takes [^\n]*\n$/);
});

test("bench shows what it measures on standard error, and the rows as lines with their samples", async () => {
  const { status, printed, reported } = await run("bench", "await", "matmul");
  assertEquals(status, 0);
  assertMatch(reported, /^measuring copy; 0 of 2 rows, \d+ s$/m);
  assertMatch(printed, /^await +\S+ ms, \S+ ms of CPU, \d+ samples?$/m);
  assertMatch(printed, /^matmul +\S+ ms, \S+ ms of CPU, \d+\.\d GFLOP\/s, \d+ samples?$/m);
});
