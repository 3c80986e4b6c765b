import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { writeLines } from "#lib/cli/test_stories.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { toldBy, type ToldText, type ToldToken } from "#lib/distillation/test_telling_teacher.ts";
import { saying, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { isFile, removeIfThere } from "#lib/results/storage.ts";
import { distilArguments, stopAt, STORIES, studentArguments, TEXTS, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const K = 16;

/** The texts of the data, and what stories260K, which wrote them, says of their tokens. */
async function told(): Promise<(ToldText & { readonly tokens: readonly ToldToken[] })[]> {
  const lines = (await Deno.readTextFile(`${TEXTS}/train.jsonl`)).trimEnd().split("\n");
  const texts: ToldText[] = lines.map((line) => JSON.parse(line));
  const gpu = await Gpu.open();
  try {
    const tokens = await toldBy(gpu, STORIES, texts, K);
    return texts.map(({ prompt, text }, i) => ({ prompt, text, tokens: tokens[i] }));
  } finally {
    await gpu[Symbol.asyncDispose]();
  }
}

/** An endpoint with stories260K behind it. */
async function tellingEndpoint(): Promise<TestEndpoint> {
  const texts = new Map((await told()).map(({ prompt, ...text }) => [prompt, text]));
  return new TestEndpoint(({ messages, topLogprobs }) => {
    const { text, tokens } = texts.get(messages[0].content)!;
    return saying(text, "length", topLogprobs === undefined ? undefined : { content: tokens });
  });
}

async function ran(...args: readonly string[]): Promise<string> {
  const { status, printed, reported } = await runProgram(...args);
  assertEquals(status, 0, reported);
  return printed;
}

async function lossesOf(out: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${out}/results/distil/curves.csv`)).split("\n");
  return lines.filter((line) => line.startsWith("distil,kd,") && line.includes(",loss,"))
    .map((line) => Number(line.split(",").at(-1)));
}

testInFolder(
  "KD by the likeliest tokens that an endpoint says is that of their file, and of the teacher itself on the same texts",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    await using endpoint = await tellingEndpoint();
    const tokens = ["--method", "kd", "--teacher-top-k", `${K}`];
    const teacher = ["--teacher-endpoint", endpoint.url, "--teacher-model", `big-${crypto.randomUUID()}`];
    const args = ["distil", ...teacher, ...studentArguments(student, ...tokens, "--out", `${folder}/out`)];
    const dry = await ran(...args, "--dry-run");
    assertMatch(
      dry,
      /^teacher {2}big-\S+ at .*, any number of tokens with the 16 likeliest in the place of each: asked/m,
    );
    assertMatch(
      dry,
      /first 36 records; its 16 likeliest tokens are learned at the states of these texts, not of the data$/m,
    );
    assert(!/^kept/m.test(dry) && endpoint.requests.length === 0, dry);

    await ran(...args);
    assertEquals(endpoint.requests.map(({ topLogprobs }) => topLogprobs), Array(36).fill(K));
    const path = `${folder}/out/results/teacher_texts.jsonl`;
    const [first] = (await Deno.readTextFile(path)).split("\n").map((line) => line && JSON.parse(line));
    assertEquals(Object.keys(first), ["prompt", "text", "ended", "logprobs"]);
    assertEquals(first.logprobs.length, 24);
    assertEquals(first.logprobs[0].top_logprobs.length, K);
    assertEquals(first.logprobs[0].top_logprobs[0].length, 2);
    assert(!isFile(path.replace(".jsonl", "_first.jsonl")), "the first texts are still there");

    // Nobody is asked again, by a run that goes on or by one of the file.
    await Deno.remove(`${folder}/out/model.safetensors`);
    await ran(...args);
    const ofFile = studentArguments(student, ...tokens, "--compare", "seqkd", "--out", `${folder}/file`);
    const dryFile = await ran("distil", "--teacher-texts", path, ...ofFile, "--dry-run");
    assertMatch(
      dryFile,
      /^teacher {2}the texts in teacher_texts\.jsonl: 36 on training prompts \(\w+\); its 16 likeliest/m,
    );
    const alone = studentArguments(student, ...tokens, "--out", `${folder}/alone`, "--checkpoint-every", "0");
    const stopped = ["distil", "--teacher-texts", path, ...alone];
    await stopAt(`${folder}/alone/.state/results/cells/distil`, "kd_10.safetensors", stopped);
    assert(!isFile(`${folder}/alone/model.safetensors`), "it was stopped before its end");
    await ran(...stopped);
    for (
      const name of [
        "model.safetensors",
        ...["scores", "items", "curves"].map((name) => `results/distil/${name}.csv`),
      ]
    ) {
      const [a, b] = await Promise.all(["alone", "out"].map((out) => Deno.readFile(`${folder}/${out}/${name}`)));
      assertEquals(a, b, name);
    }
    const table = await ran("distil", "--teacher-texts", path, ...ofFile);
    for (const label of ["SFT", "SeqKD", "KD"]) assertMatch(table, new RegExp(`^\\| ${label} +\\|`, "m"));
    assertEquals(endpoint.requests.length, 36);
    const provenance = await Deno.readTextFile(`${folder}/out/results/distil/provenance.json`);
    assert(provenance.includes('"top_tokens": 16'), provenance);

    // The data is these texts, so that the teacher itself is asked about the same states.
    const local = distilArguments(student, ...tokens, "--out", `${folder}/local`);
    const [, kept] = /^kept .* in (\S+\.bin)/m.exec(await ran(...local, "--dry-run")) ?? [];
    try {
      await ran(...local);
      const [said, own] = [await lossesOf(`${folder}/out`), await lossesOf(`${folder}/local`)];
      assertEquals(said.length, 3);
      said.forEach((loss, i) => assertAlmostEquals(loss, own[i], 1e-4));
      assert(said.at(-1)! < said[0], `${said}`);
    } finally {
      await removeIfThere(kept);
    }
  },
);

testInFolder(
  "an endpoint of another tokenizer, or without log-probabilities, is refused by its first answers",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    const texts = new Map((await told()).map(({ prompt, ...text }) => [prompt, text]));
    const letters = (text: string) =>
      [...text].map((token) => ({ token, logprob: -1, top_logprobs: [{ token, logprob: -1 }] }));
    const one = (logprob: unknown) => (text: string) => [{ token: text, top_logprobs: [{ token: text, logprob }] }];
    const answers: readonly (readonly [say: (text: string) => unknown, message: RegExp])[] = [
      [
        () => undefined,
        /: it gives no log-probabilities of likeliest tokens; leave out --teacher-top-k and take seqkd, wh/,
      ],
      [() => [], /: it gives no log-probabilities of likeliest tokens; leave out/],
      [
        (text) => letters(text).map(({ token }) => ({ token, top_logprobs: [] })),
        /: it gives no log-probabilities of l/,
      ],
      [
        letters,
        /_first\.jsonl: the teacher's tokenizer is not the student's: 8 of 8 texts are cut otherwise, the first at /,
      ],
      [one(null), /: its log-probabilities cannot be read: token 1, top_logprobs, 0, logprob: null: /],
      [one(0.5), /: its log-probabilities cannot be read: token 1, top_logprobs, 0, logprob: 0\.5: /],
      [one("-1"), /: its log-probabilities cannot be read: token 1, top_logprobs, 0, logprob: "-1": /],
      [
        (text) => [{ token: text, top_logprobs: [{ token: "a", logprob: -0.1 }, { token: "b", logprob: -0.1 }] }],
        /: the likeliest tokens in the place of token 1 have probabilities of 1\.81 together/,
      ],
      [() => "yes", /: its log-probabilities cannot be read: /],
    ];
    for (const [say, message] of answers) {
      await using endpoint = new TestEndpoint(({ messages }) => {
        const { text } = texts.get(messages[0].content)!;
        return saying(text, "stop", { content: say(text) });
      });
      const teacher = ["--teacher-endpoint", endpoint.url, "--teacher-model", `big-${crypto.randomUUID()}`];
      const out = await Deno.makeTempDir({ dir: folder });
      const args = studentArguments(student, "--method", "kd", "--teacher-top-k", "4", "--out", `${out}/out`);
      const { status, reported } = await runProgram("distil", ...teacher, ...args);
      const [last] = reported.trimEnd().split("\n").slice(-1);
      assertEquals(status, 2, reported);
      assertMatch(last, message);
      assert(endpoint.requests.length <= 8, `${endpoint.requests.length} requests`);
      assert(!isFile(`${out}/out/model.safetensors`), reported);
    }
  },
);

testInFolder(
  "likeliest tokens that nobody can learn from are refused in one line, before anything is asked",
  async (folder) => {
    const student = await writeSmallStudent(`${folder}/small`);
    const [{ prompt, text, tokens }] = await told();
    const line = (logprobs: unknown) => [{ prompt, text, ended: "length", logprobs }];
    const files = {
      texts: line(tokens),
      plain: line(undefined),
      number: line(7),
      broken: line([...tokens.slice(0, 3), { token: " a", top_logprobs: [{ token: 7, logprob: -1 }] }]),
      fewer: line(tokens.slice(1)),
    };
    for (const [name, records] of Object.entries(files)) await writeLines(`${folder}/${name}.jsonl`, records);
    const endpoint = ["--teacher-endpoint", "http://h.test/v1", "--teacher-model", "big"];
    const file = (name: string) => ["--teacher-texts", `${folder}/${name}.jsonl`];
    const k = (count: number) => ["--method", "kd", "--teacher-top-k", `${count}`];
    const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [[...endpoint, ...k(0)], /--teacher-top-k 0: must be at least 1/],
      [[...endpoint, ...k(21)], /--teacher-top-k 21: an endpoint gives 20 likeliest tokens at most/],
      [
        [...endpoint, "--method", "kd", "--set", "kd.topTokens=30"],
        /--teacher-top-k 30: an endpoint gives 20 likeliest/,
      ],
      [[...file("texts"), ...k(513)], /the teacher's 513 likeliest tokens: the student's vocabulary has 512/],
      [
        [...endpoint, "--method", "kd"],
        /kd needs .*; take --teacher-top-k K where its likeliest tokens are known, or seqkd, /,
      ],
      [[...endpoint, "--teacher-top-k", "4"], /seqkd learns from no probabilities; take kd, or leave it out/],
      [
        [...endpoint, ...k(4), "--compare", "gkd"],
        /gkd needs the teacher while the student trains; kd learns from its /,
      ],
      [
        [...endpoint, ...k(4), "--set", "kd.temperature=2"],
        /kd\.temperature=2: what is said of .* is at temperature 1/,
      ],
      [
        [...file("plain"), ...k(4)],
        /plain\.jsonl: none of its texts has its likeliest tokens \(`logprobs` with `top_log/,
      ],
      [
        [...file("number"), ...k(4)],
        /number\.jsonl, line 1: its log-probabilities cannot be read: 7: Invalid input: expected array/,
      ],
      [[...file("broken"), ...k(4)], /broken\.jsonl, line 1: .* cannot be read: token 4, top_logprobs, 0, token: 7: /],
      [
        [...file("fewer"), ...k(4)],
        /fewer\.jsonl: the teacher's tokenizer is not the student's: 1 of 1 texts are cut other/,
      ],
    ];
    for (const [args, message] of refused) {
      const { status, printed, reported } = await runProgram(
        ...["distil", ...args, ...studentArguments(student, "--out", `${folder}/out`)],
      );
      assertEquals(
        [status, printed, reported.trimEnd().split("\n").length],
        [2, "", 1],
        `${args.join(" ")}: ${reported}`,
      );
      assertMatch(reported.trimEnd(), message);
      assert(!isFolder(`${folder}/out`), `${args.join(" ")}: something was written`);
    }
  },
);
