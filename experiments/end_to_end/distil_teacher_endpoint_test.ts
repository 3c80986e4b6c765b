import { assert, assertEquals, assertMatch } from "@std/assert";
import { saying, TestEndpoint } from "#lib/endpoint/test_endpoint.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { isFile } from "#lib/results/storage.ts";
import { STORIES, studentArguments, TEXTS, writeSmallStudent } from "./test_distillation.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const PROMPTS = 36;

/** The texts of the data by their prompts: what the endpoint answers. */
async function answers(): Promise<Map<string, string>> {
  const lines = (await Deno.readTextFile(`${TEXTS}/train.jsonl`)).trimEnd().split("\n").map((line) => JSON.parse(line));
  return new Map(lines.map(({ prompt, text }) => [prompt, text]));
}

testInFolder(
  "a teacher behind an endpoint is asked once, whatever fails, and its texts are a file that can be taken",
  async (folder) => {
    const [student, texts] = [await writeSmallStudent(`${folder}/small`), await answers()];
    let isRefusing = true;
    await using endpoint = new TestEndpoint(({ messages }, number) => {
      if (number === 0) return new Response("slow down", { status: 429 });
      if (number === 1) return new Response("oh no", { status: 500 });
      if (number === 2) return new Response("<html>");
      if (isRefusing && number >= 10) return new Response("your credit is used up", { status: 402 });
      return saying(texts.get(messages[0].content)!, "length");
    });
    // Answers are kept by what was asked: by a name of its own this run finds none of another's.
    const teacher = ["--teacher-endpoint", endpoint.url, "--teacher-model", `big-${crypto.randomUUID()}`];
    const args = ["distil", ...teacher, ...studentArguments(student, "--out", `${folder}/out`)];
    const dry = await runProgram(...args, "--dry-run");
    assertMatch(
      dry.printed,
      /^teacher {2}big-\S+ at http:\S+\/v1, temperature 1, any number of tokens: asked for texts on the/m,
    );
    assertMatch(dry.printed, /the prompts of the first 36 records$/m);
    const few = await runProgram(...args, "--dry-run", "--set", "distillation.teacherTexts=5");
    assertMatch(few.printed, /the prompts of the first 5 records$/m);
    assertEquals([endpoint.requests.length, isFolder(`${folder}/out`)], [0, false]);

    const cut = await runProgram(...args);
    assertEquals(cut.status, 2);
    const [last] = cut.reported.trimEnd().split("\n").slice(-1);
    assertMatch(last, /^error: --teacher-endpoint http:\S+: 402 Payment Required, "your credit is used up"$/);
    assert(!isFile(`${folder}/out/model.safetensors`));
    isRefusing = false;
    const before = endpoint.requests.length;
    const { status, reported } = await runProgram(...args);
    assertEquals(status, 0, reported);
    const asked = endpoint.requests.length - before;
    assert(asked > 0 && asked < PROMPTS, `${asked} asked again`);
    const path = `${folder}/out/results/teacher_texts.jsonl`;
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.length, PROMPTS);
    for (const { prompt, text, ended } of lines) assertEquals([text, ended], [texts.get(prompt), "length"]);
    const card = await Deno.readTextFile(`${folder}/out/README.md`);
    assertMatch(card, /\| teacher \| big-\S+: 36 on training prompts \(digest \w+\) \|/);

    const provenance = await Deno.readTextFile(`${folder}/out/results/distil/provenance.json`);
    assert(provenance.includes(`"endpoint": "${endpoint.url}"`) && provenance.includes(`"model": "${teacher[3]}"`));

    // The student is that of the same texts in a file, and nobody is asked again.
    const after = endpoint.requests.length;
    await Deno.remove(`${folder}/out/model.safetensors`);
    assertEquals((await runProgram(...args)).status, 0);
    const fromFile = ["distil", "--teacher-texts", path, ...studentArguments(student, "--out", `${folder}/file`)];
    const own = await runProgram(...fromFile);
    assertEquals([own.status, endpoint.requests.length], [0, after], own.reported);
    const [one, other] = await Promise.all(
      ["out", "file"].map((out) => Deno.readFile(`${folder}/${out}/model.safetensors`)),
    );
    assertEquals(one, other);
  },
);

testInFolder("an endpoint that cannot be reached is one line, before anything is trained", async (folder) => {
  const student = await writeSmallStudent(`${folder}/small`);
  const { status, reported } = await runProgram(
    ...["distil", "--teacher-endpoint", "http://127.0.0.1:9/v1", "--teacher-model", "big"],
    ...studentArguments(student, "--out", `${folder}/out`, "--set", "teacherEndpoint.retries=0"),
  );
  assertEquals([status, reported.trimEnd().split("\n").length], [2, 1], reported);
  assertMatch(
    reported,
    /^error: --teacher-endpoint http:\/\/127\.0\.0\.1:9\/v1\/chat\/completions: no answer: .*\(tried 1 times\)/,
  );
});

/** What cannot be done with a teacher of which only texts are known: flags beside the student's, and the line that says so. */
const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [
    [],
    /distil needs --teacher MODEL, or --teacher-texts FILE or --teacher-endpoint URL where only its texts are known/,
  ],
  [
    ["--teacher", STORIES, "--teacher-texts", "TEXTS"],
    /--teacher and --teacher-texts: a student learns from one teacher/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--teacher-endpoint", "http://h.test/v1"],
    /--teacher-texts and --teacher-endpoint: a student learns from one teacher; leave one out/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--teacher-model", "big"],
    /--teacher-model is of --teacher-endpoint URL, which is not given/,
  ],
  [["--teacher-endpoint", "http://h.test/v1"], /--teacher-endpoint needs --teacher-model NAME/],
  [
    ["--teacher-endpoint", "h.test", "--teacher-model", "big"],
    /--teacher-endpoint h\.test: expected an address as in http/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--method", "gkd"],
    /gkd needs the teacher's probabilities, .* take seqkd, dpo, plad,.* pbkd_online$/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--compare", "sft_continued,ammd"],
    /ammd needs the teacher's probabilities, and only its texts are known/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--method", "dpo", "--set", "preferences.oracle=teacherLogProb"],
    /preferences\.oracle=teacherLogProb needs the teacher's probabilities, .*; take metric or teacherWins/,
  ],
  [
    ["--teacher-texts", "TEXTS", "--set", "evaluation.heldOut=distances"],
    /evaluation\.heldOut=distances needs .*; take loss/,
  ],
  [["--teacher-texts", "TEXTS", "--teacher-is-tuned"], /--teacher-is-tuned is of a teacher that is a model/],
  [["--teacher-texts", "TEXTS", "--teacher-form", "f16"], /--teacher-form is of a teacher that is a model/],
  [["--teacher-texts", "TEXTS", "--set", "teacher.seed=2"], /--set teacher\.seed=2 is of a teacher that is a model/],
  [["--teacher-texts", "TEXTS", "--set", "teacherEndpoint.retries=1"], /unknown key "teacherEndpoint/],
  [["--teacher-texts", "NOWHERE"], /nowhere\.jsonl: /],
  [
    ["--teacher-texts", "EMPTY"],
    /empty\.jsonl: none of its 2 records has a response \(response or completion or text\)/,
  ],
  [["--teacher-texts", "BROKEN"], /broken\.jsonl, line 2: /],
  [
    ["--teacher-texts", "ELSEWHERE"],
    /elsewhere\.jsonl: none of its 1 texts is on a training prompt; its first prompt is "Sam .*"/,
  ],
  [["--teacher-texts", "LONG"], /teacher texts: all 1 responses are longer than 26 tokens, .*; raise --max-new-tokens/],
];

testInFolder(
  "what cannot be learned from texts alone is refused in one line, before anything is trained or written",
  async (folder) => {
    const [student, [[prompt]]] = [await writeSmallStudent(`${folder}/small`), [...await answers()]];
    const files: Record<string, readonly string[]> = {
      texts: [JSON.stringify({ prompt, response: " It sang." })],
      empty: [JSON.stringify({ prompt }), JSON.stringify({ prompt, response: "" })],
      broken: [JSON.stringify({ prompt, response: " It sang." }), "{"],
      elsewhere: [JSON.stringify({ prompt: "Sam saw a ship.", response: " It sank." })],
      long: [JSON.stringify({ prompt, response: " It sang and sang.".repeat(20) })],
    };
    for (const [name, lines] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}.jsonl`, `${lines.join("\n")}\n`);
    }
    for (const [given, message] of REFUSED) {
      const args = given.map((word) => (/^[A-Z]+$/.test(word) ? `${folder}/${word.toLowerCase()}.jsonl` : word));
      const { status, printed, reported } = await runProgram(
        "distil",
        ...args,
        ...studentArguments(student, "--out", `${folder}/out`),
      );
      assertEquals(
        [status, printed, reported.trimEnd().split("\n").length],
        [2, "", 1],
        `${given.join(" ")}: ${reported}`,
      );
      assertMatch(reported.trimEnd(), message);
      assert(!isFolder(`${folder}/out`), `${given.join(" ")}: something was written`);
    }
    const noData = await runProgram("distil", "--teacher-texts", `${folder}/texts.jsonl`, "--student", student);
    assertMatch(
      noData.reported,
      /^error: distil needs --data: responses that .* name the file of the teacher's texts again$/m,
    );
  },
);
