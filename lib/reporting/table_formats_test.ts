import { assert, assertEquals } from "@std/assert";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { buildTable } from "./table.ts";
import { formatTable, TABLE_FORMATS } from "./table_formats.ts";
import { DISPLAY } from "./test_display.ts";

const score = (method: string, dataset: string, seed: number, value: number): ScoreRow => ({
  experiment: "instruction_following",
  method,
  dataset,
  metric: "rouge_l",
  seed,
  value,
  count: dataset === "dolly" ? 200 : 80,
});
const scores = [
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
  score("kd", "dolly", 10, 0.354),
  score("kd", "dolly", 20, 0.375),
  score("new_<a|b>", "dolly", 10, 0.1),
  score("new_<a|b>", "dolly", 20, 0.12),
];
/** As if all items of Dolly had the same score: what differs then differs by seed alone. */
const items = scores.filter(({ dataset }) => dataset === "dolly").map(({ value, count, ...key }): ItemsRow => ({
  ...key,
  values: Array(count).fill(value),
}));
const table = buildTable(scores, {
  caption: "Instruction following & 100% *more*",
  items,
  baseline: "sft_continued",
  display: DISPLAY,
});

Deno.test("a table as Markdown", () => {
  assertEquals(
    formatTable(table, "md"),
    `**Instruction following \\& 100% \\*more\\***

| Method        |            Dolly |         Vicuna |        Average |
| ------------- | ---------------: | -------------: | -------------: |
| Teacher       |       58.6 (n=1) |     71.0 (n=1) |     64.8 (n=1) |
| SFT continued |       31.0 ± 1.4 | **23.5 ± 2.1** |     27.3 ± 0.4 |
| KD            |   _36.4 ± 1.5_\\* |        missing |        missing |
| AMMD          | **37.0 ± 1.4**\\* | **23.5 ± 0.7** | **30.3 ± 0.4** |
| new\\_\\<a\\|b\\> |      11.0 ± 1.4† |        missing |        missing |

- Values: ROUGE-L in percent; mean ± sample standard deviation over 2 seeds (10, 20), or over the n seeds that a cell names.
- Items per seed: Dolly 200, Vicuna 80.
- Average: over the data sets for each seed first, then over the seeds.
- Bold: highest mean of the column, the teacher aside.
- \\* and †: significantly above (\\*) and below (†) SFT continued.
- Italic: not significantly different from the best of the column (in bold).
- Significant: a larger difference than training with other seeds and testing on other items would make by chance (two-sided p below 0.05; Student's t with seeds and items as random effects; Holm's correction for the methods of the column, against the best for all pairs of them).
- With 2 seeds a true difference from SFT continued of 0.5 points would be found with 80 % power in a single test, of 1.4 points after the correction: methods without a mark need not be equal.
- Not tested: cells that lack scores of the same items on the same seeds.
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
      "kd,2,36.4 ± 1.5* tied,missing,missing\n" +
      "ammd,2,37.0 ± 1.4* best,23.5 ± 0.7 best,30.3 ± 0.4 best\n" +
      "new_<a|b>,2,11.0 ± 1.4†,missing,missing\n" +
      "items,,200,80,\n",
  );
});

Deno.test("a table as HTML", () => {
  const html = formatTable(table, "html");
  assertEquals(
    html.slice(html.indexOf("<table>"), html.indexOf("</div>")),
    `<table>
  <caption>Instruction following &amp; 100% *more*</caption>
  <thead><tr><th scope="col">Method</th><th scope="col">Dolly</th><th scope="col">Vicuna</th><th scope="col">Average</th></tr></thead>
  <tbody>
    <tr><th scope="row">Teacher</th><td>58.6 (n=1)</td><td>71.0 (n=1)</td><td>64.8 (n=1)</td></tr>
    <tr><th scope="row">SFT continued</th><td>31.0 ± 1.4</td><td><strong>23.5 ± 2.1</strong></td><td>27.3 ± 0.4</td></tr>
    <tr><th scope="row">KD</th><td><em>36.4 ± 1.5</em><sup>*</sup></td><td class="missing">missing</td><td class="missing">missing</td></tr>
    <tr><th scope="row">AMMD</th><td><strong>37.0 ± 1.4</strong><sup>*</sup></td><td><strong>23.5 ± 0.7</strong></td><td><strong>30.3 ± 0.4</strong></td></tr>
    <tr><th scope="row">new_&lt;a|b&gt;</th><td>11.0 ± 1.4<sup>†</sup></td><td class="missing">missing</td><td class="missing">missing</td></tr>
  </tbody>
</table>
`,
  );
  assert(html.startsWith('<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'));
  for (const line of table.legend) assert(html.includes(line.replaceAll("'", "&#39;")), line);
});

Deno.test("a table as LaTeX", () => {
  assertEquals(
    formatTable(table, "latex"),
    String.raw`% Needs \usepackage{booktabs}. Letters beyond Latin need XeLaTeX or LuaLaTeX.
\begin{table*}
  \centering\small
  \caption{Instruction following \& 100\% *more*}
  \label{tab:instruction-following-100-more}
  \begin{tabular}{@{}lr@{$\,\pm\,$}lr@{$\,\pm\,$}lr@{$\,\pm\,$}l@{}}
    \toprule
    Method & \multicolumn{2}{c}{Dolly} & \multicolumn{2}{c}{Vicuna} & \multicolumn{2}{c}{Average} \\
    \midrule
    Teacher & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{58.6} & (n=1) & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{71.0} & (n=1) & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{64.8} & (n=1) \\
    SFT continued & 31.0 & 1.4 & \textbf{23.5} & \textbf{2.1} & 27.3 & 0.4 \\
    KD & \textit{36.4} & \textit{1.5}\textsuperscript{*} & \multicolumn{2}{c}{missing} & \multicolumn{2}{c}{missing} \\
    AMMD & \textbf{37.0} & \textbf{1.4}\textsuperscript{*} & \textbf{23.5} & \textbf{0.7} & \textbf{30.3} & \textbf{0.4} \\
    new\_\textless{}a\textbar{}b\textgreater{} & 11.0 & 1.4\textsuperscript{$\dagger$} & \multicolumn{2}{c}{missing} & \multicolumn{2}{c}{missing} \\
    \bottomrule
  \end{tabular}

  \vspace{1ex}
  \begin{minipage}{\linewidth}\raggedright\footnotesize
    Values: ROUGE-L in percent; mean $\pm$ sample standard deviation over 2 seeds (10, 20), or over the n seeds that a cell names.\par
    Items per seed: Dolly 200, Vicuna 80.\par
    Average: over the data sets for each seed first, then over the seeds.\par
    Bold: highest mean of the column, the teacher aside.\par
    * and $\dagger$: significantly above (*) and below ($\dagger$) SFT continued.\par
    Italic: not significantly different from the best of the column (in bold).\par
    Significant: a larger difference than training with other seeds and testing on other items would make by chance (two-sided p below 0.05; Student's t with seeds and items as random effects; Holm's correction for the methods of the column, against the best for all pairs of them).\par
    With 2 seeds a true difference from SFT continued of 0.5 points would be found with 80 \% power in a single test, of 1.4 points after the correction: methods without a mark need not be equal.\par
    Not tested: cells that lack scores of the same items on the same seeds.\par
    missing: there is no score.\par
  \end{minipage}
\end{table*}
`,
  );
});

Deno.test("in LaTeX neighbouring columns of one data set stand under its name", () => {
  const columns = [["a", "SAMSum ROUGE-L, small"], ["b", "SAMSum ROUGE-L, base"], ["c", "Dolly"]].map((
    [dataset, label],
  ) => ({ dataset, label, metric: "rouge_l" }));
  const scores = columns.map(({ dataset }) => score("sft", dataset, 1, 0.5));
  const seeds = [...scores, score("sft", "a", 2, 0.5)];
  const lines = formatTable(buildTable(seeds, { caption: "C", columns }), "latex").split("\n").slice(7, 10);
  assertEquals(lines, [
    String.raw`    & \multicolumn{3}{c}{SAMSum ROUGE-L} &  \\`,
    String.raw`    \cmidrule(lr){2-4}`,
    String.raw`    Method & \multicolumn{2}{c}{small} & base & Dolly \\`,
  ]);
});

Deno.test("one seed is printed without a spread in every format", () => {
  const single = buildTable([score("sft", "dolly", 10, 0.25)], { caption: "One" });
  for (const format of TABLE_FORMATS) {
    const text = formatTable(single, format);
    assert(text.includes("25.0") && !/25\.0(\*\*|<\/strong>|})? (±|\$|\(n)/.test(text), text);
  }
});

Deno.test("a table without scores still says what was planned", () => {
  const empty = buildTable([], {
    caption: "Empty",
    methods: ["sft"],
    columns: [{ dataset: "dolly", metric: "rouge_l" }],
  });
  for (const format of TABLE_FORMATS) assert(formatTable(empty, format).includes("missing"), format);
  for (const format of TABLE_FORMATS) formatTable(buildTable([], { caption: "Nothing" }), format);
});

const published = buildTable(
  [["samsum/small", 0.4], ["samsum/base", 0.5], ["dolly", 0.3]].flatMap(([dataset, value]) =>
    [10, 20].map((seed) => score("sft", `${dataset}`, seed, Number(value)))
  ),
  {
    caption: "C",
    display: DISPLAY,
    columns: ["samsum/small", "samsum/base", "dolly", "average"].map((dataset) => ({ dataset, metric: "rouge_l" })),
    published: [
      {
        heading: "Theirs: models & data",
        source: "a <paper>",
        rows: [{ label: "KD", values: { "samsum/small": "52.7", vicuna: "1" } }, {
          label: "Gone",
          values: { vicuna: "1" },
        }],
      },
      {
        heading: "By inference",
        source: "https://example.org/1",
        rows: [{ label: "AMMD", values: { "samsum/base": "99.9", dolly: "36", average: "1" } }],
      },
      { heading: "Elsewhere", source: "x", rows: [{ label: "KD", values: { vicuna: "1" } }] },
    ],
  },
);

Deno.test("published numbers stand below the rows as they were printed, those of a source apart from those of others", () => {
  assertEquals(
    formatTable(published, "md").split("\n").slice(4, 11).map((line) => line.replaceAll(/ +/g, " ")),
    [
      "| SFT | **40.0 ± 0.0** | **50.0 ± 0.0** | **30.0 ± 0.0** | **40.0 ± 0.0** |",
      "| | | | | |",
      "| _Theirs: models \\& data_ | | | | |",
      "| KD | 52.7 | – | – | – |",
      "| | | | | |",
      "| _By inference_ | | | | |",
      "| AMMD | – | 99.9 | 36 | – |",
    ],
  );
  const notes = (format: "md" | "latex") =>
    formatTable(published, format).split("\n").filter((line) =>
      /^(- | {4})(Theirs|By inference|Elsewhere).*:/.test(line)
    );
  assertEquals(notes("md"), [
    "- Theirs: models \\& data: a \\<paper\\>.",
    "- By inference: https:<!-- -->//example.org/1.",
  ]);
  assertEquals(notes("latex"), [
    "    Theirs: models \\& data: a \\textless{}paper\\textgreater{}.\\par",
    "    By inference: https://example.org/1.\\par",
  ]);
  assertEquals(formatTable(published, "csv").split("\n").slice(2, 5), [
    "published: KD (Theirs: models & data; a <paper>),,52.7,,,",
    "published: AMMD (By inference; https://example.org/1),,,99.9,36,",
    "items,,80,80,200,",
  ]);
  assert(
    formatTable(published, "html").includes(`  <tbody class="published">
    <tr><th scope="rowgroup" colspan="5">Theirs: models &amp; data <small>(a &lt;paper&gt;)</small></th></tr>
    <tr><th scope="row">KD</th><td>52.7</td><td class="missing">–</td><td class="missing">–</td><td class="missing">–</td></tr>
  </tbody>
  <tbody class="published">
`),
  );
  assert(
    formatTable(published, "latex").includes(String.raw`    \midrule
    \multicolumn{9}{@{}l@{}}{\textit{Theirs: models \& data}} \\
    KD & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{52.7} & & \multicolumn{2}{c}{--} & \multicolumn{2}{c}{--} & \multicolumn{2}{c}{--} \\
    \midrule
    \multicolumn{9}{@{}l@{}}{\textit{By inference}} \\
    AMMD & \multicolumn{2}{c}{--} & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{99.9} & & \multicolumn{1}{r@{\phantom{$\,\pm\,$}}}{36} & & \multicolumn{2}{c}{--} \\
    \bottomrule
`),
  );
});

Deno.test("published numbers change nothing of the rows above, and without one for a column there are none", () => {
  const { published: numbers, legend, ...rest } = published;
  const without = buildTable(
    [["samsum/small", 0.4], ["samsum/base", 0.5], ["dolly", 0.3]].flatMap(([dataset, value]) =>
      [10, 20].map((seed) => score("sft", `${dataset}`, seed, Number(value)))
    ),
    {
      caption: "C",
      display: DISPLAY,
      columns: ["samsum/small", "samsum/base", "dolly", "average"].map((dataset) => ({ dataset, metric: "rouge_l" })),
    },
  );
  assertEquals({ ...rest, legend, published: [] }, without);
  assertEquals(numbers.map(({ rows }) => rows.map(({ label }) => label)), [["KD"], ["AMMD"]]);
  const rows = [{ label: "KD", values: { vicuna: "1" } }];
  assertEquals(
    buildTable(scores.slice(0, 1), { caption: "C", published: [{ heading: "H", source: "x", rows }] }).published,
    [],
  );
});
