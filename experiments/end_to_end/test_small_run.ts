/** What the tests of `reproduce` run, and the files that they look at. */
import { instructionFollowing } from "#experiments/tables/instruction_following.ts";

export const FILES = [
  ...["scores.csv", "items.csv", "curves.csv", "samples.jsonl"],
  ...["table.md", "table.csv", "differences.csv", "average.svg", "gain.svg", "distances.svg"],
];
export const TABLE = ["reproduce", "instruction_following", "--profile", "smoke"];
/** Cells of that table: one for each row and seed of the profile. */
export const CELLS = 2 * instructionFollowing.methods.length;
/** The smallest run that trains by moment matching: every part of it, on next to nothing. */
export const SMALL = [...TABLE, "--methods", "sft,ammd_sft", "--quiet"];

/** The text of a file of the results. */
export const read = (folder: string, file: string) =>
  Deno.readTextFile(`${folder}/smoke/instruction_following/${file}`);
