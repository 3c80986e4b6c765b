import { assert, assertEquals, assertMatch } from "@std/assert";
import { PROGRAM } from "./test_program.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const STORIES = decodeURIComponent(new URL("../../lib/tokenizers/testdata/stories260K", import.meta.url).pathname);
const CELL = "instruction_following/sft/10";
const ignore = Deno.build.os === "windows";

/** Starts the program with something piped in. */
function startPiped(input: string, args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
  const words = ["run", "--quiet", "--allow-all", PROGRAM, "generate", ...args];
  const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const process = new Deno.Command("deno", { args: words, env, ...streams }).spawn();
  const writer = process.stdin.getWriter();
  writer.write(new TextEncoder().encode(input)).then(() => writer.close());
  return process;
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

testInFolder("a cell's model answers as the model that is exported of it, marks and all", async (folder) => {
  const options = ["--profile", "smoke", "--results", `${folder}/results`];
  const flags = ["Name a fruit.", "--json", "--temperature", "1", "--max-new-tokens", "8"];
  const cell = await runProgram("generate", CELL, ...flags, ...options);
  assertEquals(cell.status, 0, cell.reported);
  await runProgram("export", CELL, `${folder}/model`, "--quiet", ...options);
  const exported = await runProgram("generate", `${folder}/model`, ...flags);
  assertEquals([exported.status, exported.printed], [0, cell.printed]);
  const { prompt, ids, promptTokens } = JSON.parse(cell.printed);
  assert(prompt === "Name a fruit." && ids.length > 0 && promptTokens > 4);
  // Two marks, and what may begin with one.
  const plain = await runProgram("generate", `${folder}/model`, ...flags, "--template", "plain");
  assertEquals(JSON.parse(plain.printed).promptTokens < promptTokens, true);
});

testInFolder("what cannot be generated from is refused in one line", async (folder) => {
  const options = ["--profile", "smoke", "--results", `${folder}/results`];
  const cases: [string[], RegExp][] = [
    [["instruction_following/sfd/10", "a"], /^error: unknown method "sfd"; did you mean "sft"\?/],
    [
      ["instruction_following/sft/x", "a"],
      /^error: "instruction_following\/sft\/x": the seed is "x", not a whole number$/,
    ],
    [["imitation_gap/distance_0/10", "a"], /^error: imitation_gap\/distance_0\/10: this cell trains no model$/],
    [[CELL, "a", "--chat"], /^error: the model of a cell has no chat template; leave --chat out$/],
  ];
  for (const [args, message] of cases) {
    const { status, reported } = await runProgram("generate", ...args, ...options);
    assertEquals(status, 2, reported);
    assertMatch(reported.trimEnd().split("\n").at(-1)!, message);
  }
});

testInFolder(
  "a model of the hub's cache is found by its name, and one that is not there by the line that fetches it",
  async (home) => {
    const commit = "c".repeat(40);
    const repository = `${home}/hub/models--org--stories`;
    await Deno.mkdir(`${repository}/snapshots/${commit}`, { recursive: true });
    await Deno.mkdir(`${repository}/refs`);
    await Deno.writeTextFile(`${repository}/refs/main`, commit);
    for (const name of ["config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json"]) {
      await Deno.copyFile(`${STORIES}/${name}`, `${repository}/snapshots/${commit}/${name}`);
    }
    const of = (model: string) =>
      startPiped("", [model, "Once upon a time", "--max-new-tokens", "10"], { HF_HOME: home });
    for (const model of ["org/stories", `org/stories@${commit}`]) {
      const { code, stdout, stderr } = await of(model).output();
      assertEquals([code, textOf(stdout)], [0, ", there was a little girl named Lily\n"], textOf(stderr));
    }
    const { code, stderr } = await of("org/others").output();
    assertEquals(code, 2);
    assertMatch(
      textOf(stderr),
      /^error: org\/others: no folder, and not in \S+; \.\/run fetch org\/others brings it\n$/,
    );
  },
);

Deno.test("a prompt is read from what is piped in, and nothing piped in is none", async () => {
  const { code, stdout } = await startPiped("Once upon a time\n", [STORIES, "--max-new-tokens", "10"]).output();
  assertEquals([code, textOf(stdout)], [0, ", there was a little girl named Lily\n"]);
  const none = await startPiped("", [STORIES]).output();
  assertEquals(none.code, 2);
  assertMatch(
    textOf(none.stderr),
    /^error: generate needs a PROMPT: write one behind MODEL, pipe one in, or name [^\n]+\n$/,
  );
});

Deno.test(
  "Ctrl-C ends a text where it is: what was written is there, the count too, and the status is 130",
  { ignore },
  async () => {
    const process = startPiped("Once upon a time", [STORIES, "--max-new-tokens", "507"]);
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const read = async (isEnough: () => boolean) => {
      while (!isEnough()) {
        const { value, done } = await reader.read();
        if (done) return;
        text += value;
      }
    };
    await read(() => text.length > 20);
    process.kill("SIGINT");
    await read(() => false);
    const err = textOf(await new Response(process.stderr).bytes());
    assertEquals((await process.status).code, 130);
    assertMatch(text, /^, there was a little girl named Lily\.[^]*\n$/);
    assertMatch(
      err,
      /stopping; once more stops at once\n\d+ tokens in .* tokens\/s; interrupted\ninterrupted: what was written until then is kept\n$/,
    );
  },
);
