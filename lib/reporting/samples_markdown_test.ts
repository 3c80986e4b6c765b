import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { groupSamples, type SampleText } from "./sample_groups.ts";
import { DISPLAY } from "./test_display.ts";
import { formatSamples } from "./samples_markdown.ts";

const sample = (method: string, seed: number, response: string, others: Partial<SampleText> = {}): SampleText => ({
  ...{ method, seed, dataset: "dolly", instruction: "Name a tool.", input: "", reference: "a knife", response },
  ...others,
});

const ROWS = Object.entries(DISPLAY).map(([method, { label }]) => ({ method, label: label! }));

Deno.test("samples as Markdown", () => {
  const long = "word ".repeat(25).trim();
  const samples = [sample("kd", 10, "a\n\nb"), sample("ammd", 10, ""), sample("sft", 10, long, { input: "Now." })];
  assertEquals(
    formatSamples(groupSamples(samples, ROWS)),
    `# Sample responses

The responses of each method's first seed (10), to be read by eye.

## Dolly

\`\`\`text
Prompt     Name a tool.

Reference  a knife

KD         a

           b
AMMD       (empty)
\`\`\`

\`\`\`text
Prompt     Name a tool.
           Now.

Reference  a knife

SFT        ${"word ".repeat(20).trim()}
           word word word word word
\`\`\`
`,
  );
});

Deno.test("a hostile response stays in its block and acts on nothing", () => {
  const hostile =
    "```\n<script>alert(1)</script> ![](http://example.com/a.png) @user\x1b[2J\u202e\n~~~\n## Not a heading\nKD  no";
  const dataset = "<b>*set* @user www.example.com";
  const text = formatSamples(groupSamples([sample("teacher", 1, hostile, { dataset })], ROWS));
  const lines = text.split("\n");
  const [first, last] = [lines.indexOf("````text"), lines.lastIndexOf("````")];
  assert(first > 0 && last === lines.length - 2);
  assertEquals(lines.filter((line) => /^ {0,3}(`{3,}|~{3,})/.test(line)), ["````text", "````"]);
  assert(
    lines.slice(first + 1, last).every((line) =>
      line === "" || /^(Prompt {3}|Reference|Teacher {2}| {9}) {2}/.test(line)
    ),
  );
  assert(text.includes("@user\\u{1b}[2J\\u{202e}"));
  assertEquals(lines[4], "## \\<b\\>\\*set\\* @<!-- -->user www<!-- -->.example.com");
});

Deno.test("no text can end its block, or begin a line that is not its own", () => {
  const text = fc.string({ unit: fc.constantFrom(..."`~\n\r\t <>#a\x1b\u2028"), maxLength: 30 });
  fc.assert(fc.property(text, text, text, text, (instruction, input, reference, response) => {
    const lines = formatSamples(groupSamples([sample("kd", 1, response, { instruction, input, reference })], ROWS))
      .split(
        "\n",
      );
    const fences = lines.flatMap((line, i) => line.startsWith("```") ? [i] : []);
    assertEquals(fences, [6, lines.length - 2]);
    const run = Math.max(0, ...lines.slice(7, -2).flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length));
    assert(lines[6].length - "text".length > run && lines[lines.length - 2].length > run);
    const labelled = lines.slice(7, -2).filter((line) => line !== "" && !line.startsWith(" "));
    assertEquals(labelled.map((line) => line.split(" ")[0]), ["Prompt", "Reference", "KD"]);
  }));
});
