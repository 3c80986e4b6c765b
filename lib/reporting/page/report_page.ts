import { escapeHtml } from "../escape_text.ts";
import type { SampleGroup } from "../sample_groups.ts";
import { htmlLegend, htmlTable } from "../table_html.ts";
import type { ScoreTable } from "../table_model.ts";
import { descriptionOf, inlineSvg, titleOf } from "./inline_svg.ts";
import { provenanceHtml, type ShownProvenance } from "./page_provenance.ts";
import { samplesHtml, samplesSummary } from "./page_samples.ts";
import { folded, headingOf, htmlText, idOf, scrollBox } from "./page_text.ts";
import CONTENT_STYLE from "./report_content.css" with { type: "text" };
import MEDIA_STYLE from "./report_media.css" with { type: "text" };
import PAGE_STYLE from "./report_page.css" with { type: "text" };

/** An experiment as the page shows it. */
export interface PageExperiment {
  /** As in `instruction_following`. */
  readonly name: string;
  /** The table or figure that it reproduces. */
  readonly source: string;
  readonly description: string;
  readonly tables: Readonly<Record<string, ScoreTable>>;
  /** Drawn by `renderSvg`, by name. */
  readonly figures: Readonly<Record<string, string>>;
  /** Training curves, drawn by `renderSvg`. */
  readonly curves: readonly string[];
  readonly samples: readonly SampleGroup[];
  /** Undefined where none was recorded. */
  readonly provenance: ShownProvenance | undefined;
}

export interface ReportPage {
  readonly profile: string;
  readonly experiments: readonly PageExperiment[];
  /**
   * What has changed since the last commit, as HTML that the page trusts: headings from `h3` on, no script, nothing loaded, ids that
   * begin with `changes-`.
   */
  readonly changes?: string;
}

/** Nothing is loaded and nothing runs, whatever the texts hold. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * The report of a profile as one page of HTML that opens from disk: it loads nothing and runs nothing. Names, samples and provenance
 * are text in it. The same results give the same bytes.
 */
export function formatReportPage({ profile, experiments, changes }: ReportPage): string {
  const title = `Results, profile ${profile}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${PAGE_STYLE}${CONTENT_STYLE}${MEDIA_STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header class="masthead">
<p class="kicker">Moment-matching distillation</p>
<h1>Results <span class="profile">profile ${htmlText(profile)}</span></h1>
<p>Tables, figures, training curves and sample responses of what has been recorded. Values are this project's own unless a row says otherwise.</p>
</header>
<div class="columns">
${contents(experiments, changes !== undefined)}
<main id="main" tabindex="-1">
${experiments.length === 0 ? "<p>Nothing has been recorded yet.</p>" : experiments.map(section).join("\n")}
${changes === undefined ? "" : changesSection(changes)}</main>
</div>
<footer><p>Made by <code>deno task report</code> from the files beside it; it loads nothing and runs nothing.</p></footer>
</body>
</html>
`;
}

function contents(experiments: readonly PageExperiment[], changes: boolean): string {
  const links = [
    ...experiments.map(({ name }) => `<li><a href="#${idOf(name)}">${htmlText(headingOf(name))}</a></li>`),
    ...(changes ? [`<li><a href="#changes">Changes</a></li>`] : []),
  ];
  return `<nav id="contents" aria-label="Contents">
<h2>Contents</h2>
<ul>
${links.join("\n")}
</ul>
</nav>`;
}

function changesSection(changes: string): string {
  return `<section id="changes" aria-labelledby="changes-heading">
<h2 id="changes-heading">Changes since the last commit</h2>
${changes.replaceAll(/<table\b.*?<\/table>/gs, (table) => scrollBox("Changes", table))}
</section>
`;
}

function section(experiment: PageExperiment): string {
  const { name, source, description, samples, curves, provenance } = experiment;
  const id = idOf(name);
  const parts = [
    ...Object.entries(experiment.tables).map(([, table]) => tableHtml(table)),
    ...Object.entries(experiment.figures).map(([figure, svg]) => figureHtml(svg, `${id}-${idOf(figure)}`)),
    ...(curves.length === 0
      ? []
      : [part("Training curves", "", curves.map((svg, i) => figureHtml(svg, `${id}-curves-${i}`)).join("\n"))]),
    ...(samples.length === 0 ? [] : [part("Sample responses", samplesSummary(samples), samplesHtml(samples))]),
    ...(provenance === undefined ? [] : [part("Provenance", "settings, code, times", provenanceHtml(provenance))]),
  ];
  return `<section id="${id}" aria-labelledby="${id}-heading">
<header>
<p class="kicker">${htmlText(source)}</p>
<h2 id="${id}-heading">${htmlText(headingOf(name))}</h2>
<p>${htmlText(sentence(description))}</p>
</header>
${parts.join("\n")}
<p class="up"><a href="#contents">Contents</a></p>
</section>`;
}

/** Descriptions are lines of a list, without capital and full stop. */
function sentence(description: string): string {
  return `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;
}

/** A part of an experiment that is folded until it is wanted. */
function part(heading: string, summary: string, content: string): string {
  return folded(`<h3>${heading}</h3>${summary === "" ? "" : ` <span>${htmlText(summary)}</span>`}`, content).replace(
    "<details>",
    '<details class="part">',
  );
}

function tableHtml(table: ScoreTable): string {
  const legend = table.legend.length === 0 ? "" : `\n${folded("How to read this table", htmlLegend(table))}`;
  return `<div class="table">\n${scrollBox(table.caption, htmlTable(table))}${legend}\n</div>`;
}

function figureHtml(svg: string, id: string): string {
  return `<figure>
<div class="scroll" role="region" tabindex="0" aria-label="Figure: ${titleOf(svg).replaceAll('"', "&quot;")}">
${inlineSvg(svg, id)}
</div>
<figcaption>${folded("This figure in words", `<p>${descriptionOf(svg)}</p>`)}</figcaption>
</figure>`;
}
