/**
 * Numbers that others published, to stand below ours in the tables: of other models and data than the profiles', so nothing is
 * compared with them. ROUGE-L, BLEU and accuracy in percent, as they are printed where they stand.
 */
import type { PublishedNumbers, PublishedNumbersRow } from "#lib/reporting/published_rows.ts";

const REPOSITORIES = "the methods' repositories and their threads";
const REBUTTAL = "as quoted in an ABKD rebuttal";
/** AMMD's values are public without the row or the size of student that they belong to. */
const BEST = "the paper's, as quoted publicly; of which row is not stated";

const GPT2: readonly PublishedNumbersRow[] = [
  { label: "Teacher, GPT-2 XL 1.5B", source: REPOSITORIES, values: { dolly: "27.0" } },
  instructionRow("MiniLLM, GPT-2 1.5B to 120M", REPOSITORIES, ["24.6", "13.2", "16.9", "25.3", "26.6"]),
];

const OPENLLAMA: readonly PublishedNumbersRow[] = [
  instructionRow("SFT, OpenLLaMA2 7B to 3B", REBUTTAL, ["24.5", "16.8", "16.2", "29.3", "27.4"]),
  instructionRow("KD, OpenLLaMA2 7B to 3B", REBUTTAL, ["25.2", "18.9", "16.7", "31.7", "29.4"]),
  instructionRow("MiniLLM, OpenLLaMA2 7B to 3B", REBUTTAL, ["27.7", "20.6", "18.8", "35.3", "33.9"]),
  instructionRow("DistiLLM, OpenLLaMA2 7B to 3B", REBUTTAL, ["28.2", "21.0", "19.1", "37.1", "35.1"]),
];

const AMMD: PublishedNumbersRow = {
  label: "AMMD, best values",
  source: BEST,
  values: { self_instruct: "21.7", vicuna: "21.4", sni: "38.7", unni: "39.1" },
};

const HEADING = "Published by others, of other models and data, not ours";

export const PUBLISHED_INSTRUCTION_FOLLOWING: PublishedNumbers = {
  heading: HEADING,
  rows: [...GPT2, ...OPENLLAMA, AMMD],
};

/** For the table of GPT-2's architecture. */
export const PUBLISHED_GPT2: PublishedNumbers = { heading: HEADING, rows: GPT2 };

/** The size of student is not stated: a number stands for all columns of its data set. */
export const PUBLISHED_TASKS: PublishedNumbers = {
  heading: HEADING,
  rows: [{ label: "AMMD, best values", source: BEST, values: { samsum: "52.7", iwslt: "36", strategyqa: "65.3" } }],
};

function instructionRow(label: string, source: string, values: readonly string[]): PublishedNumbersRow {
  const [dolly, self_instruct, vicuna, sni, unni] = values;
  return { label, source, values: { dolly, self_instruct, vicuna, sni, unni } };
}
