import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import fc from "fast-check";
import type { ScoreRow } from "./scores_csv.ts";
import { buildTable } from "./table.ts";
import { formatTable, TABLE_FORMATS } from "./table_formats.ts";

const score = (method: string, dataset: string, seed: number, value: number): ScoreRow => ({
  experiment: "instruction_following",
  method,
  dataset,
  metric: "rouge_l",
  seed,
  value,
  count: dataset === "dolly" ? 200 : 80,
});
const table = buildTable([
  score("teacher", "dolly", 10, 0.586),
  score("teacher", "vicuna", 10, 0.71),
  score("sft_continued", "dolly", 10, 0.3),
  score("sft_continued", "dolly", 20, 0.32),
  score("sft_continued", "vicuna", 10, 0.25),
  score("sft_continued", "vicuna", 20, 0.22),
  score("ammd", "dolly", 10, 0.36),
  score("ammd", "dolly", 20, 0.38),
  score("ammd", "vicuna", 10, 0.24),
  score("ammd", "vicuna", 20, 0.23),
  score("new_<a|b>", "dolly", 10, 0.1),
  score("new_<a|b>", "dolly", 20, 0.2),
], { caption: "Instruction following & 100% *more*" });

Deno.test("a table as Markdown", () => {
  assertEquals(
    formatTable(table, "md"),
    `**Instruction following \\& 100% \\*more\\***

| Method        |            Dolly |         Vicuna |        Average |
| ------------- | ---------------: | -------------: | -------------: |
| Teacher       |       58.6 (n=1) |     71.0 (n=1) |     64.8 (n=1) |
| SFT continued |       31.0 ± 1.4 | **23.5 ± 2.1** |     27.3 ± 0.4 |
| AMMD          | **37.0 ± 1.4**\\* | **23.5 ± 0.7** | **30.3 ± 0.4** |
| new\\_\\<a\\|b\\> |       15.0 ± 7.1 |        missing |        missing |

- Values: ROUGE-L in percent; mean ± sample standard deviation over 2 seeds (10, 20), or over the n seeds that a cell names.
- Items per seed: Dolly 200, Vicuna 80.
- Average: over the data sets for each seed first, then over the seeds.
- Bold: highest mean of the column, the teacher aside.
- \\*: differs from SFT continued (paired t-test over the seeds, two-sided p below 0.05, not corrected for the number of tests).
- missing: there is no score.
`,
  );
});

Deno.test("a table as CSV", () => {
  assertEquals(
    formatTable(table, "csv"),
    "method,seeds,dolly,vicuna,average\n" +
      "teacher,1,58.6 (n=1),71.0 (n=1),64.8 (n=1)\n" +
      "sft_continued,2,31.0 ± 1.4,23.5 ± 2.1 best,27.3 ± 0.4\n" +
      "ammd,2,37.0 ± 1.4* best,23.5 ± 0.7 best,30.3 ± 0.4 best\n" +
      "new_<a|b>,2,15.0 ± 7.1,missing,missing\n" +
      "items,,200,80,\n",
  );
});

Deno.test("a table as HTML", () => {
  const html = formatTable(table, "html");
  assertEquals(
    html.slice(html.indexOf("<table>"), html.indexOf("  <tfoot>")),
    `<table>
  <caption>Instruction following &amp; 100% *more*</caption>
  <thead><tr><th scope="col">Method</th><th scope="col">Dolly</th><th scope="col">Vicuna</th><th scope="col">Average</th></tr></thead>
  <tbody>
    <tr><th scope="row">Teacher</th><td>58.6 (n=1)</td><td>71.0 (n=1)</td><td>64.8 (n=1)</td></tr>
    <tr><th scope="row">SFT continued</th><td>31.0 ± 1.4</td><td><strong>23.5 ± 2.1</strong></td><td>27.3 ± 0.4</td></tr>
    <tr><th scope="row">AMMD</th><td><strong>37.0 ± 1.4</strong><sup>*</sup></td><td><strong>23.5 ± 0.7</strong></td><td><strong>30.3 ± 0.4</strong></td></tr>
    <tr><th scope="row">new_&lt;a|b&gt;</th><td>15.0 ± 7.1</td><td class="missing">missing</td><td class="missing">missing</td></tr>
  </tbody>
`,
  );
  assert(html.startsWith('<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'));
  for (const line of table.legend) assert(html.includes(line), line);
});

Deno.test("a table as LaTeX", () => {
  assertEquals(
    formatTable(table, "latex"),
    String.raw`% Needs \usepackage{booktabs}.
\begin{table}
  \centering
  \caption{Instruction following \& 100\% *more*}
  \begin{tabular}{lrrr}
    \toprule
    Method & Dolly & Vicuna & Average \\
    \midrule
    Teacher & 58.6 (n=1) & 71.0 (n=1) & 64.8 (n=1) \\
    SFT continued & 31.0 $\pm$ 1.4 & \textbf{23.5 $\pm$ 2.1} & 27.3 $\pm$ 0.4 \\
    AMMD & \textbf{37.0 $\pm$ 1.4}\textsuperscript{*} & \textbf{23.5 $\pm$ 0.7} & \textbf{30.3 $\pm$ 0.4} \\
    new\_\textless{}a\textbar{}b\textgreater{} & 15.0 $\pm$ 7.1 & missing & missing \\
    \bottomrule
  \end{tabular}

  \raggedright\footnotesize
  Values: ROUGE-L in percent; mean $\pm$ sample standard deviation over 2 seeds (10, 20), or over the n seeds that a cell names.\par
  Items per seed: Dolly 200, Vicuna 80.\par
  Average: over the data sets for each seed first, then over the seeds.\par
  Bold: highest mean of the column, the teacher aside.\par
  *: differs from SFT continued (paired t-test over the seeds, two-sided p below 0.05, not corrected for the number of tests).\par
  missing: there is no score.\par
\end{table}
`,
  );
});

Deno.test("one seed is printed without a spread in every format", () => {
  const single = buildTable([score("sft", "dolly", 10, 0.25)], { caption: "One" });
  for (const format of TABLE_FORMATS) {
    const text = formatTable(single, format);
    assert(text.includes("25.0") && !/25\.0(\*\*|<\/strong>|})? (±|\$|\(n)/.test(text), text);
  }
});

Deno.test("a table without scores still says what was planned", () => {
  const empty = buildTable([], { caption: "Empty", methods: ["sft"], datasets: ["dolly"] });
  for (const format of TABLE_FORMATS) assert(formatTable(empty, format).includes("missing"), format);
  for (const format of TABLE_FORMATS) formatTable(buildTable([], { caption: "Nothing" }), format);
});

// Names made of every character that a format treats specially.
const nasty = fc.string({ unit: fc.constantFrom(..."\\`*_[]<>|~&$#%{}^\"',;\n a1±"), minLength: 1, maxLength: 12 });

Deno.test("no name can break the form of a table", () => {
  fc.assert(fc.property(nasty, nasty, nasty, (method, dataset, caption) => {
    const table = buildTable([score(method, dataset, 10, 0.5)], { caption });
    const markdown = formatTable(table, "md").split("\n").filter((line) => line.startsWith("|"));
    assertEquals(markdown.map((line) => line.match(/(?<=^|[^\\](?:\\\\)*)\|/g)!.length), [3, 3, 3]);
    assertEquals(parse(formatTable(table, "csv")).map((row) => row.length), [3, 3, 3]);
    const html = formatTable(table, "html");
    const tags = html.slice(html.indexOf("<table>")).match(/<\/?[a-z]+/g)!.filter((tag) => !tag.startsWith("<br"));
    assertEquals(tags.filter((tag) => tag.startsWith("</")).length * 2, tags.length);
    const body = formatTable(table, "latex").split("\n").filter((line) => line.endsWith("\\\\"));
    assertEquals(body.map((line) => line.replaceAll("\\&", "").split("&").length), [2, 2]);
    assertEquals(body.map((line) => balance(line.replaceAll(/\\[{}]/g, ""))), [0, 0]);
  }));
});

function balance(text: string): number {
  return text.split("{").length - text.split("}").length;
}
