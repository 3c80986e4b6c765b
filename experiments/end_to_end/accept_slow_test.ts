import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testCopy } from "./test_copy.ts";

const SMALL = ["reproduce", "instruction_following", "--profile", "smoke", "--seeds", "10,20", "--methods", "sft,kd"];
const MODULE = "lib/bench/student_texts.ts";
const FILES = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl"];

testCopy(
  "results that changed code leaves as they are can be kept, by a sample that is computed again; others cannot",
  async (copy) => {
    const first = await copy.run(SMALL);
    assertEquals(first.code, 0, first.err);
    const read = () =>
      Promise.all(FILES.map((file) => Deno.readTextFile(`${copy.folder}/results/smoke/instruction_following/${file}`)));
    const files = await read();

    // The same in other words: results are stale, and are kept.
    const renamed = (text: string) => text.replaceAll("nextBatch", "theNextBatch");
    await copy.whileChanged(MODULE, renamed, async () => {
      assertStringIncludes((await copy.run([...SMALL, "--dry-run"])).out, `kd/20: stale: ${MODULE} changed`);
      const { code, err } = await copy.run([...SMALL, "--accept"]);
      assertEquals(code, 0, err);
      assertMatch(
        err,
        /^instruction_following: kd\/\d+ comes out the same; accepted: kd\/10, kd\/20$/m,
      );
      assertMatch(err, /^cached 4\/4$/m);
      assertEquals(await read(), files);
      const shown = await copy.run(["show", "instruction_following/kd/20", "--profile", "smoke"]);
      assertMatch(shown.out, /^ {2}accepted {2}at \w+, where kd\/\d+ came out the same$/m);
    });

    // Other texts than before: nothing is accepted, and the cells are run.
    assertEquals((await copy.run([...SMALL, "--accept"])).code, 0);
    const other = (text: string) => text.replace('"distillation data"', '"other data"');
    await copy.whileChanged(MODULE, other, async () => {
      const { code, err } = await copy.run([...SMALL.slice(0, -1), "kd", "--accept"]);
      assertEquals(code, 0, err);
      assertMatch(err, /^instruction_following: kd\/\d+ comes out otherwise now; not accepted: kd\/10, kd\/20$/m);
      assertMatch(err, /^cached 0\/2, ran 2$/m);
    });

    // Changed settings are no matter of code: what they make stale is run.
    const { err } = await copy.run([...SMALL.slice(0, -1), "kd", "--set", "kd.temperature=2", "--accept"]);
    assertMatch(err, /^cached 0\/2, ran 2$/m);
    assertEquals(err.includes("accepted"), false);
  },
);

testCopy("a cell vouches for its own method only, and only where it is made of the same", async (copy) => {
  const methods = [
    "reproduce",
    "instruction_following",
    "--profile",
    "smoke",
    "--seeds",
    "10",
    "--methods",
    "sft,abkd",
  ];
  assertEquals((await copy.run(methods)).code, 0);
  await copy.whileChanged(
    "experiments/methods/abkd.ts",
    (text) => text.replace("alpha, beta })", "alpha: 2 * alpha, beta })"),
    async () => {
      const { err } = await copy.run([...methods, "--accept"]);
      assertMatch(err, /abkd\/10 comes out otherwise now; not accepted: abkd\/10$/m);
      assertMatch(err, /^cached 1\/2, ran 1$/m);
    },
  );
  assertEquals((await copy.run(methods)).code, 0);
  // The same numbers, by a kernel of another name: a later change of that one must be seen.
  const renamed = (text: string) => text.replace('"alphaBeta"', '"alphaBetaTwo"');
  await copy.whileChanged("kernels/divergence/alpha_beta/alpha_beta.ts", renamed, async () => {
    const { err } = await copy.run([...methods, "--accept"]);
    assertMatch(err, /abkd\/10 uses other settings or kernels now; not accepted: abkd\/10$/m);
  });
});
