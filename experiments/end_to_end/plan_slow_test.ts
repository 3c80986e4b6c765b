import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NO_GPU, type ProgramCopy, testCopy } from "./test_copy.ts";

const METHODS = ["teacher", "sft", "kd", "abkd", "ammd"];
const SMALL = ["instruction_following", "--profile", "smoke", "--seeds", "10", "--methods", METHODS.join()];
/** What a dry run would run again, and why. */
function planOf(copy: ProgramCopy, ...args: string[]): Promise<Record<string, string>> {
  return copy.plan([...SMALL, ...args]);
}

testCopy(
  "finished results take no GPU; what changes makes exactly the cells stale that may read or have run it",
  async (copy) => {
    const first = await copy.run(["reproduce", ...SMALL]);
    assertEquals(first.code, 0, first.err);
    assertMatch(first.err, /^cached 0\/5, ran 5$/m);

    const again = await copy.run(["reproduce", ...SMALL], NO_GPU);
    assertEquals([again.code, again.out], [0, first.out]);
    assertMatch(again.err, /^cached 5\/5$/m);

    await checkSettings(copy);
    await checkSources(copy);
    await checkOthers(copy);
  },
);

async function checkSettings(copy: ProgramCopy): Promise<void> {
  assertEquals(await planOf(copy), {});
  assertEquals(await planOf(copy, "--set", "ammd.ratio.c=0.4"), { ammd: "stale: ammd.ratio.c 0.5 → 0.4" });
  assertEquals(await planOf(copy, "--set", "abkd.alpha=0.3"), { abkd: "stale: abkd.alpha 0.2 → 0.3" });
  const rates = (plan: Record<string, string>) => [Object.keys(plan).sort(), new Set(Object.values(plan)).size];
  assertEquals(rates(await planOf(copy, "--set", "student.training.learningRate=1e-3")), [
    ["abkd", "ammd", "kd", "sft"],
    1,
  ]);
  assertEquals(rates(await planOf(copy, "--set", "distillation.learningRate=1e-3")), [["abkd", "ammd", "kd"], 1]);
  assertEquals(rates(await planOf(copy, "--set", "teacher.training.learningRate=1e-3")), [METHODS.toSorted(), 1]);
  // Settings of other experiments, what only ammd_sft reads, and what only critics that learn do.
  const unread = ["imitationGap.criticSteps=7", "ammd.sftWeight=0.1", "ammd.criticLearningRateFactor=3"];
  assertEquals(await planOf(copy, ...unread.flatMap((setting) => ["--set", setting])), {});
}

async function checkSources(copy: ProgramCopy): Promise<void> {
  const plan = () => planOf(copy);
  const comment = (text: string) => `// A comment.\n${text.replaceAll("\n\n", "\n\n\n")}`;
  for (const path of ["lib/training/update_step.ts", "kernels/rms_norm/rms_norm.wgsl", "experiments/methods/kd.ts"]) {
    assertEquals(await copy.whileChanged(path, comment, plan), {}, path);
  }
  const changed = (text: string) => text.replace("return ", "return 0.0 + ");
  assertEquals(await copy.whileChanged("kernels/divergence/alpha_beta/alpha_beta.wgsl", changed, plan), {
    abkd: "stale: kernel alphaBeta changed, kernel alphaBeta.dStudent changed",
  });
  const norm = await copy.whileChanged(
    "kernels/rms_norm/rms_norm.wgsl",
    (text) => `${text}\nconst UNUSED = 1;\n`,
    plan,
  );
  assertEquals(Object.keys(norm).sort(), METHODS.toSorted());
  assertStringIncludes(norm.teacher, "kernel rmsNorm");
  // A function renamed in what all cells share, and code added: nothing that a version was bumped for.
  const renamed = (text: string) => `${text.replaceAll("nextBatch", "theNextBatch")}\nexport const colour = "red";\n`;
  assertEquals(await copy.whileChanged("lib/bench/student_texts.ts", renamed, plan), {});
  const bumped = (text: string) => text.replace("numerics: 1", "numerics: 2");
  assertEquals(await copy.whileChanged("experiments/methods/kd.ts", bumped, plan), {
    kd: "stale: numerics of method kd 1 → 2",
  });
  const all = await copy.whileChanged("lib/bench/numerics.ts", (text) => text.replace("lib: 1", "lib: 2"), plan);
  assertEquals(all, Object.fromEntries(METHODS.map((name) => [name, "stale: numerics of lib 1 → 2"])));
}

async function checkOthers(copy: ProgramCopy): Promise<void> {
  const other = await copy.run(["reproduce", "distances", ...SMALL.slice(1, -1), "ammd", "--dry-run"], NO_GPU);
  assertMatch(other.out, /^ {2}ammd\/10: missing; taken from instruction_following\/ammd\/10$/m);
  const path = "results/smoke/instruction_following/provenance.json";
  const moved = await copy.whileChanged(path, (text) => text.replace('"deno":"', '"deno":"0.'), () => planOf(copy));
  assertEquals(Object.values(moved), Array(5).fill(`stale: Deno 0.${Deno.version.deno} → ${Deno.version.deno}`));
  const elsewhere = await copy.whileChanged(
    ".cache/adapter.json",
    (text) => text.replace(/"adapter":"[^"]*"/, '"adapter":"M9"'),
    () => planOf(copy),
  );
  // What was recorded on the other is as good as before, and M9 has nothing yet.
  assertEquals(Object.values(elsewhere), Array(5).fill("missing"));
  // The memory was wrong, as the GPU itself tells when it is opened.
  const opened = await copy.whileChanged(
    ".cache/adapter.json",
    (text) => text.replace(/"adapter":"[^"]*"/, '"adapter":"M9"'),
    () => copy.run(["reproduce", ...SMALL]),
  );
  assertMatch(opened.err, /^the adapter is .+, no longer M9: results are kept in results\/smoke$/m);
  assertMatch(opened.err, /^cached 5\/5$/m);
  const rowless = await copy.whileChanged(
    "results/smoke/instruction_following/scores.csv",
    (text) => text.replaceAll(/^instruction_following,kd,.*\n/gm, ""),
    () => planOf(copy),
  );
  assertEquals(rowless, { kd: "missing" });
}
