import { orderDatasets, orderMethods } from "./display_names.ts";

/** A response of a trained model, as `samples.jsonl` has it. */
export interface SampleText {
  readonly method: string;
  readonly seed: number;
  readonly dataset: string;
  readonly instruction: string;
  /** Empty where the instruction is all. */
  readonly input: string;
  readonly reference: string;
  readonly response: string;
}

export interface LabelledResponse {
  readonly label: string;
  readonly seed: number;
  readonly response: string;
}

/** What the methods answered to one prompt. */
export interface SampleGroup extends Pick<SampleText, "dataset" | "instruction" | "input" | "reference"> {
  /** Of each method's first seed, in the order of the rows. */
  readonly responses: readonly LabelledResponse[];
}

/**
 * The responses side by side: prompts by data set, in the order of tables, then as they come.
 *
 * @param rows the methods, in their order, with labels; others come after, under their names
 */
export function groupSamples(
  samples: readonly SampleText[],
  rows: readonly { readonly method: string; readonly label: string }[] = [],
): SampleGroup[] {
  const prompts = Map.groupBy(
    samples,
    ({ dataset, instruction, input, reference }) => JSON.stringify([dataset, instruction, input, reference]),
  );
  const known = rows.map(({ method }) => method);
  const labels = new Map(rows.map(({ method, label }) => [method, label]));
  const groups = [...prompts.values()].map((of): SampleGroup => {
    const { dataset, instruction, input, reference } = of[0];
    const responses = orderMethods(of.map(({ method }) => method), known).map((method) => {
      const [first] = of.filter((sample) => sample.method === method).sort((a, b) => a.seed - b.seed);
      return { label: labels.get(method) ?? method, seed: first.seed, response: first.response };
    });
    return { dataset, instruction, input, reference, responses };
  });
  return orderDatasets(groups.map(({ dataset }) => dataset))
    .flatMap((dataset) => groups.filter((group) => group.dataset === dataset));
}
