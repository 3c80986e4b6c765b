import { assert, assertEquals } from "@std/assert";
import type { CurveRow } from "#lib/results/curves_csv.ts";
import { describeDataSets } from "../display_names.ts";
import { renderSvg } from "../figures/figure.ts";
import { assertDrawing, descriptionOf, textsOf } from "../figures/test_svg.ts";
import { curveFigures } from "./page_curves.ts";
import { DISPLAY } from "../test_display.ts";

const row = (method: string, measure: string, step: number, others: Partial<CurveRow> = {}): CurveRow => ({
  ...{ experiment: "x", method, seed: 10, step, measure, value: step / 100 },
  ...others,
});
const draw = (rows: readonly CurveRow[], methods = [{ method: "kd", label: "My KD" }]) =>
  Promise.all(curveFigures(rows, methods, DISPLAY).map(renderSvg));

Deno.test("without curves there is no figure", async () => {
  assertEquals(await draw([]), []);
  assertEquals(await draw([row("kd", "grad_norm", 1)]), []);
});

Deno.test("a panel for each measure, known ones first, under the labels of the table", async () => {
  const rows = ["new_measure", "loss", "validation_rouge_l", "grad_norm"].flatMap((measure) =>
    ["ammd", "kd"].flatMap((method) => [row(method, measure, 10), row(method, measure, 20)])
  );
  const [svg, ...others] = await draw(rows);
  assertDrawing(svg);
  assertEquals(others, []);
  const description = descriptionOf(svg);
  const order = ["ROUGE-L, held-out: My KD 20.0 at step 20, AMMD", "Training loss: ", "new_measure: "];
  const places = order.map((text) => description.indexOf(text));
  assertEquals(places.toSorted((a, b) => a - b), places);
  assert(places[0] > 0 && !description.includes("grad_norm"), description);
});

Deno.test("fine-tuning, which takes more steps, does not crowd the loss of the others", async () => {
  const rows = [row("sft", "loss", 600), row("kd", "loss", 100), row("kd", "loss", 0)];
  const [svg] = await draw(rows);
  assert(!descriptionOf(svg).includes("600") && !textsOf(svg).includes("SFT"));
});

Deno.test("of an experiment with tasks, a figure for each of score, distance and loss, with a panel for each task", async () => {
  describeDataSets({ samsum: { label: "SAMSum", summary: "" }, iwslt: { label: "IWSLT", summary: "" } });
  const rows = [["samsum/small", "validation_rouge_l"], ["iwslt/base", "validation_bleu"]].flatMap(([task, score]) =>
    [score, "validation_two_tv_on", "loss", "validation_entropy_on"].flatMap((measure) =>
      [0, 50].map((step) => row("kd", measure, step, { task }))
    )
  );
  const svgs = await draw(rows);
  assertEquals(svgs.map((svg) => /<title>([^<]*)/.exec(svg)![1]), [
    "Score on held-out sources",
    "Distance to the teacher on own texts, held-out sources",
    "Training loss",
  ]);
  for (const svg of svgs) {
    assertDrawing(svg);
    assertEquals(textsOf(svg).filter((text) => /^(SAMSum|IWSLT)/.test(text)), ["SAMSum small", "IWSLT base"]);
  }
});

Deno.test("of many steps some are drawn, the last one among them, and the same of every seed", async () => {
  const steps = Array.from({ length: 200 }, (_, i) => 10 * i);
  const rows = [10, 20].flatMap((seed) => steps.map((step) => row("kd", "loss", step, { seed })));
  const [svg] = await draw(rows);
  const points = Math.max(...[...svg.matchAll(/ d="(M[^"Z]*)"/g)].map(([, line]) => line.split("L").length));
  assert(points > 20 && points <= 40, `${points}`);
  const description = descriptionOf(svg);
  assert(
    description.includes("My KD 19.9 at step 1990") && !description.includes("Some runs have no value"),
    description,
  );
});
