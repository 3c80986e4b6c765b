import { assert, assertEquals, assertMatch } from "@std/assert";
import { copyOfStories, writeLines } from "#lib/cli/test_stories.ts";
import { STORIES, TEXTS, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

/** A folder with what wrong inputs need. */
interface Prepared {
  readonly folder: string;
  readonly student: string;
}

type Case = readonly [
  what: string,
  args: readonly string[] | ((prepared: Prepared) => Promise<string[]>),
  message: RegExp,
];

const T5 = decodeURIComponent(new URL("../../lib/verification/fixtures/t5", import.meta.url).pathname);

/** A copy of the student with another `tokenizer.json`. */
async function withTokenizer({ folder, student }: Prepared, change: (json: TokenizerJson) => void): Promise<string[]> {
  const json: TokenizerJson = JSON.parse(await Deno.readTextFile(`${student}/tokenizer.json`));
  change(json);
  const config = await Deno.readTextFile(`${student}/config.json`);
  const changes = { "tokenizer.json": JSON.stringify(json), "config.json": config, "model.safetensors": undefined };
  return ["--student", await copyOfStories(`${folder}/other`, changes)];
}

interface TokenizerJson {
  normalizer: unknown;
  readonly model: { readonly vocab: Record<string, number> };
}

const CASES: readonly Case[] = [
  [
    "parts of a step that is one whole",
    ["--method", "minillm", "--texts-at-once", "2"],
    /--texts-at-once: minillm needs all texts of a step at once; leave the flag out/,
  ],
  ["an unknown method", ["--method", "ammdd"], /unknown method "ammdd"; did you mean "ammd"\?/],
  ["more texts at once than a step has by default", ["--texts-at-once", "9"], /--texts-at-once 9: a step has 8 texts/],
  [
    "a row that every run has",
    ["--method", "sft"],
    /sft is scored in every run; --method and --compare take what comes after it/,
  ],
  ["no step", ["--steps", "0"], /--steps 0: must be at least 1/],
  [
    "a tuned teacher that is trained",
    ["--teacher-is-tuned", "--teacher-sft-steps", "5"],
    /--teacher-is-tuned and --teacher-sft-steps/,
  ],
  ["a rate that moves nothing", ["--learning-rate", "0"], /--learning-rate 0: must be more than 0/],
  [
    "more at once than there are",
    ["--texts-per-step", "2", "--texts-at-once", "4"],
    /--texts-at-once 4: a step has 2 texts/,
  ],
  [
    "a setting that is none",
    ["--set", "gkd.weigth=1"],
    /--set gkd\.weigth=1: unknown key "gkd\.weigth"; did you mean "weight"\?/,
  ],
  [
    "no data",
    ({ folder }) => Promise.resolve(["--data", `${folder}/nowhere`]),
    /\/nowhere: there is no such file or folder; name one, or a data set of the hub as ORG\/NAME/,
  ],
  [
    "data without responses",
    async ({ folder }) => {
      await writeLines(`${folder}/a.jsonl`, [{ prompt: "a" }, { prompt: "b", response: "" }]);
      return ["--data", `${folder}/a.jsonl`];
    },
    /a\.jsonl: none of its 2 records has a response \(response or completion or text\)/,
  ],
  [
    "talks without a chat template",
    async ({ folder }) => {
      const turn = (role: string) => ({ role, content: "x" });
      const messages = [turn("user"), turn("assistant")];
      await writeLines(`${folder}/m.jsonl`, [{ messages }, { messages: [turn("system"), ...messages] }]);
      return ["--data", `${folder}/m.jsonl`];
    },
    /no chat template/,
  ],
  ["--chat without a chat template", ["--chat"], /no chat template/],
  [
    "prompts all over the limit",
    ["--max-prompt-tokens", "3"],
    /all 36 prompts are left out, 36 of them over 3 tokens; raise --max-prompt-tokens/,
  ],
  [
    "responses all over the limit",
    ["--max-new-tokens", "9"],
    /train: all 36 responses are longer than 9 tokens, .*; raise --max-new-tokens/,
  ],
  ["more than the models read", ["--max-new-tokens", "600"], /are more than the 512 that the models read/],
  ["no such model", ["--teacher", "./nowhere"], /nowhere: no such folder/],
  [
    "a teacher without weights",
    ({ student }) => Promise.resolve(["--teacher", student]),
    /no weights that can be read/,
  ],
  [
    "an encoder-decoder",
    async ({ folder }) => {
      const config = JSON.parse(await Deno.readTextFile(`${T5}/config.json`));
      const changes = { "config.json": JSON.stringify({ ...config, vocab_size: 512 }), "model.safetensors": undefined };
      return ["--student", await copyOfStories(`${folder}/t5`, changes)];
    },
    /t5 is an encoder-decoder and .* a decoder; teacher and student must read a prompt alike/,
  ],
  [
    "tokenizers of one length with other tokens",
    (prepared) =>
      withTokenizer(prepared, ({ model: { vocab } }) => {
        const [[a, first], [b, second]] = Object.entries(vocab).slice(-2);
        [vocab[a], vocab[b]] = [second, first];
      }),
    /differ: 510 of 512 ids spell the same, the first other one is \d+; take models that share one/,
  ],
  [
    "tokenizers with equal tokens that cut texts otherwise",
    (prepared) => withTokenizer(prepared, (json) => json.normalizer = { type: "Lowercase" }),
    /have the same ids but cut ".*" otherwise; take models that share one/,
  ],
  ["a judge, which is not reached from here", [
    "--method",
    "dpo",
    "--set",
    "preferences.oracle=judge",
    "--set",
    "judge.url=http://localhost:1/v1",
    "--set",
    "judge.model=m",
  ], /preferences\.oracle=judge: distil asks no judge; take metric/],
  ["a judge without an address", ["--method", "dpo", "--set", "preferences.oracle=judge"], /judge\.url/],
  [
    "steps that no adapter holds",
    ["--texts-per-step", "2000000", "--texts-at-once", "1000000"],
    /it does not fit this adapter: .*; --texts-at-once \d+ fits$/,
  ],
  [
    "pairs whose states no binding holds",
    ["--method", "mm_pbkd_offline", "--set", "preferences.pairs=20000000"],
    /mm_pbkd_offline does not fit this adapter: pairs: states of their texts .*; --set preferences\.pairs=\d+ fits$/,
  ],
  [
    "a folder with other things",
    async ({ folder }) => {
      await Deno.mkdir(`${folder}/full`);
      await Deno.writeTextFile(`${folder}/full/notes.txt`, "");
      return ["--out", `${folder}/full`];
    },
    /full: holds notes\.txt already; name a folder that is empty or does not exist/,
  ],
  [
    "a file where the student is to be",
    async ({ folder }) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      return ["--out", `${folder}/file`];
    },
    /file: a file; name a folder to write to/,
  ],
];

testInFolder(
  "what cannot be distilled is refused in one line, before anything is trained or written",
  async (folder) => {
    for (const [i, [what, given, message]] of CASES.entries()) {
      const own = `${folder}/${i}`;
      const prepared = { folder: own, student: await writeSmallStudent(`${own}/small`) };
      const args = typeof given === "function" ? await given(prepared) : given;
      const defaults = { teacher: STORIES, student: prepared.student, data: TEXTS, out: `${own}/out` };
      const others = Object.entries(defaults).filter(([name]) => !args.includes(`--${name}`))
        .flatMap(([name, value]) => [`--${name}`, value]);
      const { status, printed, reported } = await runProgram("distil", ...others, ...args, "--quiet");
      const lines = reported.trimEnd().split("\n");
      assertEquals([status, printed, lines.length], [2, "", 1], `${what}: ${reported}`);
      assertMatch(lines[0], message, what);
      assert(!Array.from(Deno.readDirSync(own)).some(({ name }) => name === "out"), `${what}: something was written`);
    }
  },
);

Deno.test("a distillation needs a teacher, a student and data", async () => {
  const { status, reported } = await runProgram("distil", "--teacher", STORIES);
  assertEquals([status, reported], [
    2,
    "error: distil needs --student: ./run distil --teacher MODEL --student MODEL --data DIR; --help shows more\n",
  ]);
});
