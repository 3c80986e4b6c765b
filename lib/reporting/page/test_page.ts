import { curves } from "../figures/curves.ts";
import { renderSvg } from "../figures/figure.ts";
import { groupSamples } from "../sample_groups.ts";
import { buildTable } from "../table.ts";
import type { ReportPage } from "./report_page.ts";

/** What a model, a file or a folder's name may hold to do harm: tags, a terminal's escapes, an override of the reading order. */
export const HOSTILE = `</dd></svg><script>top.hacked=1</script><img src=x onerror="top.hacked=2">\x1b[2J\u202e'"&amp;`;
/** `HOSTILE` as it is to be read. */
export const HOSTILE_SEEN = HOSTILE.replace("\x1b", "\\u{1b}").replace("\u202e", "\\u{202e}");

/** A page with a table, figures, samples and provenance, and this text in the place of every name and text that they have. */
export async function examplePage(name: string, text: string): Promise<ReportPage> {
  const scores = [10, 20].flatMap((seed) =>
    ["sft", text].map((method) => (
      { experiment: name, method, dataset: text, metric: "rouge_l", seed, value: 0.25, count: 8 }
    ))
  );
  const published = [{ heading: text, source: text, rows: [{ label: text, values: { [text]: text } }] }];
  const rows = [10, 20].map((step) => ({ experiment: name, method: text, seed: 10, step, measure: text, value: step }));
  const svg = await renderSvg(
    curves(rows, {
      title: text,
      notes: [text],
      panels: [{ measure: text, title: text }],
      methods: [{ method: text }],
      display: {},
    }),
  );
  const sample = {
    method: text,
    seed: 10,
    dataset: text,
    instruction: text,
    input: text,
    reference: "r",
    response: text,
  };
  return {
    profile: text,
    experiments: [{
      name,
      source: text,
      description: text,
      tables: { table: buildTable(scores, { caption: text, published }) },
      figures: { [text]: svg, second: svg },
      curves: [svg],
      samples: groupSamples([sample, { ...sample, method: "sft", response: "r\n\tr" }, {
        ...sample,
        method: "kd",
        response: "",
      }]),
      provenance: {
        environments: { e1: { adapter: text, deno: text } },
        settings: { s1: { [text]: text } },
        data: { [text]: text },
        shared: {},
        cells: {
          [text]: {
            commit: text,
            dirty: true,
            settings: "s1",
            wallSeconds: 90,
            peakMemoryBytes: 1e6,
            peakGpuBytes: 1e6,
          },
        },
      },
    }],
  };
}
