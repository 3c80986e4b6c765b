/**
 * Writes `experiments/end_to_end/recorded_numbers.json`: the numbers that the code gives now, in profile `smoke`. To be run when numbers were
 * meant to move, with a version of `numerics` bumped (docs/staleness.md), and looked at before it is committed.
 *
 *     deno run --allow-read=. --allow-write tools/record_numbers.ts
 */
import { computeNumbers, NUMBERS_FILE } from "#experiments/end_to_end/test_numbers.ts";
import { writeAtomically } from "#lib/results/storage.ts";

const folder = await Deno.makeTempDir();
try {
  const { undeclared: _, ...numbers } = await computeNumbers(folder, (address) => console.log(address));
  await writeAtomically(decodeURIComponent(NUMBERS_FILE.pathname), `${JSON.stringify(numbers, null, 1)}\n`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
