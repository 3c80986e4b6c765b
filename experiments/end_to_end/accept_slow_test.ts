import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testCopy } from "./test_copy.ts";

const SMALL = ["reproduce", "instruction_following", "--profile", "smoke", "--seeds", "10,20", "--methods", "sft,kd"];
const KD = [...SMALL.slice(0, -1), "kd"];
const MODULE = "experiments/methods/kd.ts";
const FILES = ["scores.csv", "items.csv", "curves.csv", "samples.jsonl"];
const bumped = (text: string) => text.replace("numerics: 1", "numerics: 2");

testCopy(
  "results that changed code leaves as they are can be kept, by a sample that is computed again; others cannot",
  async (copy) => {
    const first = await copy.run(SMALL);
    assertEquals(first.code, 0, first.err);
    const read = () =>
      Promise.all(FILES.map((file) => Deno.readTextFile(`${copy.folder}/results/smoke/instruction_following/${file}`)));
    const files = await read();

    // Numbers may have moved, it is said, and have not: results are stale, and are kept.
    await copy.whileChanged(MODULE, bumped, async () => {
      assertStringIncludes(
        (await copy.run([...SMALL, "--dry-run"])).out,
        "kd/10, kd/20: stale: numerics of method kd 1 → 2",
      );
      const { code, err } = await copy.run([...SMALL, "--accept"]);
      assertEquals(code, 0, err);
      assertMatch(err, /^instruction_following: kd\/10 comes out the same; accepted: kd\/20$/m);
      assertMatch(err, /^cached 4\/4$/m);
      assertEquals(await read(), files);
      const shown = await copy.run(["show", "instruction_following/kd/20", "--profile", "smoke"]);
      assertMatch(shown.out, /^ {2}accepted {2}at \w+, where kd\/10 came out the same$/m);
    });

    // Other texts than before: nothing is accepted, and the cells are run.
    assertEquals((await copy.run([...SMALL, "--accept"])).code, 0);
    const other = (text: string) => bumped(text).replace("forwardKl", "reverseKl");
    await copy.whileChanged(MODULE, other, async () => {
      const { code, err } = await copy.run([...KD, "--accept"]);
      assertEquals(code, 0, err);
      assertMatch(err, /^instruction_following: kd\/10 comes out otherwise now; not accepted: kd\/20$/m);
      assertMatch(err, /^cached 1\/2, ran 1$/m);
    });

    // Changed settings are no matter of code: what they make stale is run.
    const { err } = await copy.run([...KD, "--set", "kd.temperature=2", "--accept"]);
    assertMatch(err, /^cached 0\/2, ran 2$/m);
    assertEquals(err.includes("accepted"), false);
  },
);

testCopy("the sample is trained by the code of now, its teacher too, and the others have its kernels", async (copy) => {
  const methods = [...SMALL.slice(0, -1), "abkd"];
  assertEquals((await copy.run(methods)).code, 0);
  // No version of the teacher's is bumped; yet a sample on the teacher of before would vouch for nothing.
  const batches = (text: string) => text.replace("purpose: `${name} batches`", "purpose: `${name} texts`");
  await copy.whileChanged("lib/bench/fine_tuning.ts", batches, async () => {
    await copy.whileChanged("experiments/methods/abkd.ts", bumped, async () => {
      const { err } = await copy.run([...methods, "--accept"]);
      assertMatch(err, /abkd\/10 comes out otherwise now; not accepted: abkd\/20$/m);
    });
  });
  assertEquals((await copy.run(methods)).code, 0);
  // The same numbers, by a kernel of another name: a later change of that one is seen.
  const renamed = (text: string) => text.replace('"alphaBeta"', '"alphaBetaTwo"');
  await copy.whileChanged("kernels/divergence/alpha_beta/alpha_beta.ts", renamed, async () => {
    assertMatch((await copy.run([...methods, "--accept"])).err, /abkd\/10 comes out the same; accepted: abkd\/20$/m);
    const changed = (text: string) => text.replace("return ", "return 0.0 + ");
    const plan = await copy.whileChanged(
      "kernels/divergence/alpha_beta/alpha_beta.wgsl",
      changed,
      () => copy.plan(methods.slice(1)),
    );
    assertStringIncludes(plan.abkd, "kernel alphaBetaTwo changed");
  });
});
