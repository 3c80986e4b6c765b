/**
 * Numbers that others published, to stand below ours in the tables: of other models and data than the profiles', so nothing is
 * compared with them, and those of one source stand apart from those of another. ROUGE-L, BLEU and accuracy in percent, as they are
 * printed where they stand.
 */
import type { PublishedNumbers, PublishedNumbersRow } from "#lib/reporting/published_rows.ts";

/** SeqKD is left out: its row there repeats GKD's number for number, a copying error. */
const REBUTTAL = "the authors of ABKD in the discussion of their paper, https://openreview.net/forum?id=vt65VjJakt";
const AGGREGATOR = "rows of a results aggregator, https://www.wizwand.com, AMMD's on its page " +
  "/paper/68fa73721e209131cea5c8d9; that they are those of ";
const BY_INFERENCE =
  " in the paper on AMMD is attributed by inference, as the aggregator names neither table nor models";

/** Numbers on the sets that the paper on AMMD has, Dolly first. */
function instructionRow(label: string, values: readonly string[]): PublishedNumbersRow {
  const [dolly, self_instruct, vicuna, sni, unni] = values;
  return { label, values: { dolly, self_instruct, vicuna, sni, unni } };
}

/** For the table of LLaMA's architecture. */
export const PUBLISHED_INSTRUCTION_FOLLOWING: readonly PublishedNumbers[] = [
  {
    heading: "Not ours: OpenLLaMA2 7B to 3B, from the rebuttal of ABKD",
    source: REBUTTAL,
    rows: [
      instructionRow("SFT", ["24.54", "16.80", "16.15", "29.29", "27.43"]),
      instructionRow("KD", ["25.23", "18.90", "16.67", "31.68", "29.36"]),
      instructionRow("GKD", ["26.28", "18.84", "17.81", "30.92", "29.79"]),
      instructionRow("MiniLLM", ["27.74", "20.61", "18.83", "35.31", "33.86"]),
      instructionRow("DistiLLM", ["28.24", "21.00", "19.12", "37.06", "35.05"]),
      instructionRow("ABKD", ["30.25", "22.39", "20.83", "38.51", "38.66"]),
    ],
  },
  {
    heading: "Not ours: by inference OpenLLaMA 7B to 3B of AMMD, Table 1",
    source: `${AGGREGATOR}Table 1 (OpenLLaMA 7B to 3B)${BY_INFERENCE}`,
    rows: [
      { label: "ImitKD", values: { self_instruct: "18.4", vicuna: "19.1", sni: "33.1", unni: "28.7" } },
      { label: "DistiLLM", values: { self_instruct: "20.8", vicuna: "20.4", sni: "37.2", unni: "38.2" } },
      { label: "AMMD", values: { self_instruct: "21.7", vicuna: "21.4", sni: "38.7", unni: "39.1" } },
    ],
  },
];

/** For the table of GPT-2's architecture. */
export const PUBLISHED_GPT2: readonly PublishedNumbers[] = [
  {
    heading: "Not ours: GPT-2 XL to base, from the rebuttal of ABKD",
    source: REBUTTAL,
    rows: [
      instructionRow("ABKD, fixed data", ["25.65", "13.47", "16.06", "26.47", "29.32"]),
      instructionRow("ABKD, DistiLLM's scheduler", ["26.58", "14.25", "17.79", "27.79", "31.13"]),
    ],
  },
  {
    heading: "Not ours: GPT-2 1.5B to 120M of MiniLLM",
    source: "the paper, https://arxiv.org/abs/2306.08543, as https://github.com/microsoft/LMOps/issues/314 quotes it",
    rows: [instructionRow("MiniLLM", ["24.6", "13.2", "16.9", "25.3", "26.6"])],
  },
  {
    heading: "Not ours: GPT-2 XL to base, run again by others",
    source:
      "https://github.com/jongwooko/distillm/issues/5, MiniLLM there by DistiLLM's authors, the mean of five runs; " +
      "differences under a point between papers mean nothing",
    rows: [
      { label: "Teacher", values: { dolly: "27.04" } },
      { label: "MiniLLM", values: { dolly: "23.84" } },
    ],
  },
];

export const PUBLISHED_TASKS: readonly PublishedNumbers[] = [
  {
    heading: "Not ours: by inference the largest student of AMMD, Table 2",
    source: `${AGGREGATOR}the largest student in Table 2${BY_INFERENCE}`,
    rows: [
      { label: "ImitKD", values: { "samsum/large": "51.2", "iwslt/large": "34.1", "strategyqa/large": "61.7" } },
      { label: "DistiLLM", values: { "samsum/large": "52.1", "iwslt/large": "35.5", "strategyqa/large": "62.8" } },
      { label: "AMMD", values: { "samsum/large": "52.7", "iwslt/large": "36.0", "strategyqa/large": "65.3" } },
    ],
  },
];
