import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { testCopy } from "./test_copy.ts";
import { CELLS } from "./test_small_run.ts";

const PROFILE = ["--profile", "smoke"];
const NAMES = ["instruction_following", "distances"];
const SMALL = ["reproduce", ...NAMES, ...PROFILE, "--seeds", "10,20", "--methods", "sft_continued,ammd"];

testCopy(
  "after a change of rounding one seed of each method is computed again, and vouches for the others",
  async (copy) => {
    const first = await copy.run(SMALL);
    assertEquals(first.code, 0, first.err);
    const read = async (experiment: string) =>
      (await Deno.readTextFile(`${copy.folder}/results/smoke/${experiment}/curves.csv`)).split("\n");
    const before = await Promise.all(NAMES.map(read));

    // What is no change of arithmetic in the numbers' own terms, and of the last digits in theirs.
    const rounded = (text: string) => text.replace("inverseSqrt(", "1.000001 * inverseSqrt(");
    await copy.whileChanged("kernels/rms_norm/rms_norm.wgsl", rounded, async () => {
      const { code, err } = await copy.run([...SMALL, "--accept-noise"]);
      assertEquals(code, 0, err);
      for (const experiment of NAMES) {
        assertMatch(
          err,
          new RegExp(
            `^${experiment}: ammd/10 comes out with \\d+ of \\d+ rows equal, \\d+ within the noise, 0 beyond it; accepted: ammd/20$`,
            "m",
          ),
        );
      }
      assertMatch(err, /^cached 8\/8$/m);

      const after = await Promise.all(NAMES.map(read));
      const rowsOf = (lines: readonly string[], cell: string) => lines.filter((line) => line.includes(`,${cell},`));
      for (const i of NAMES.keys()) {
        const [old, now] = [before[i], after[i]].map((lines) => (cell: string) => rowsOf(lines, cell));
        assert(now("ammd,20").length > 0);
        assertEquals(now("ammd,20"), old("ammd,20"));
        assertNotEquals(now("ammd,10"), old("ammd,10"));
      }
      assertEquals(rowsOf(after[1], "ammd,10").length, rowsOf(after[0], "ammd,10").length);

      const shown = await copy.run(["show", "instruction_following/ammd/20", ...PROFILE]);
      assertMatch(shown.out, /^instruction_following\/ammd\/20: done$/m);
      assertMatch(
        shown.out,
        /^ {2}accepted {2}at \w+ within the noise: the numbers are an earlier version's, and ammd\/10 vouches for them;$/m,
      );
      const taken = await copy.run(["show", "distances/ammd/10", ...PROFILE]);
      assertMatch(taken.out, /^ {2}taken {5}from instruction_following\/ammd\/10$/m);
      const status = await copy.run(["status", ...NAMES, ...PROFILE]);
      const counts = `4 done (2 accepted within the noise), 0 failed, 0 stale, ${CELLS - 4} missing`;
      assertStringIncludes(status.out, `\ninstruction_following: ${counts}\n`);
    });
  },
);
