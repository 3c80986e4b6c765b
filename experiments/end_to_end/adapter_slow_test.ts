import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ProgramCopy, testCopy } from "./test_copy.ts";
import { CELLS } from "./test_small_run.ts";

const PROFILE = ["--profile", "smoke"];
const SMALL = ["reproduce", "instruction_following", ...PROFILE, "--seeds", "10,20", "--methods", "teacher,sft"];
/** No driver: whoever asks for an adapter gets none. */
const NO_GPU = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere" };
const RECORDED = "results/smoke/instruction_following";

/** All files of a folder with what they hold. */
async function filesOf({ folder }: ProgramCopy, path: string): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(`${folder}/${path}`)].map(({ name }) => name).sort();
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(`${folder}/${path}/${name}`)));
  return Object.fromEntries(names.map((name, i) => [name, texts[i]]));
}

testCopy(
  "results of another adapter are left as they are: this one's lie beside them, and are compared",
  async (copy) => {
    const first = await copy.run(SMALL);
    assertEquals(first.code, 0, first.err);
    const { adapter } = JSON.parse(await Deno.readTextFile(`${copy.folder}/.cache/adapter.json`));
    const provenance = `${copy.folder}/${RECORDED}/provenance.json`;
    await Deno.writeTextFile(provenance, (await Deno.readTextFile(provenance)).replace(adapter, "M9"));
    const recorded = await filesOf(copy, RECORDED);
    const seen = async (...args: string[]) => (await copy.run([...args, ...PROFILE], NO_GPU)).out;

    // Nothing of this machine's yet.
    const before = await seen("status", "instruction_following");
    const counts = `4 done, 0 failed, 0 stale, ${CELLS - 4} missing`;
    assertStringIncludes(before, `results/smoke, of M9\ninstruction_following: ${counts}\n`);
    const plan = await copy.run([...SMALL, "--dry-run"], NO_GPU);
    assertMatch(plan.out, /^results\/smoke@llvmpipe-\S+, of llvmpipe.+: beside results\/smoke, recorded on M9$/m);
    assertMatch(plan.out, /^instruction_following: cached 0\/4, to run 4 \(about [\d a-z]+\)$/m);

    const other = await copy.run(SMALL);
    assertEquals(other.code, 0, other.err);
    const verdict = /\nagainst the recorded results\/smoke: of (\d+) rows \1 equal, 0 within the noise, 0 differ\n$/;
    assertMatch(other.out, verdict);
    assertEquals(await filesOf(copy, RECORDED), recorded);

    // It is there at once, without a GPU.
    const again = await copy.run(SMALL, NO_GPU);
    assertEquals([again.code, again.out], [0, other.out]);
    const [, beside] = /^results\/(smoke@\S+), of /m.exec(again.err)!;
    const file = (name: string) => Deno.readTextFile(`${copy.folder}/results/${beside}/instruction_following/${name}`);
    assertEquals(await file("scores.csv"), recorded["scores.csv"]);

    // What is shown is this machine's, or by a flag the recorded.
    assertMatch(
      await seen("status"),
      new RegExp(`^results/${beside}, of llvmpipe.+: beside results/smoke, recorded on M9$`, "m"),
    );
    assertMatch(await seen("status", "--recorded"), /^results\/smoke, of M9$/m);
    const cell = ["show", "instruction_following/sft/20"];
    assertMatch(await seen(...cell), /^instruction_following\/sft\/20: done\n[^]*\n {2}adapter {3}llvmpipe/);
    assertMatch(await seen(...cell, "--recorded"), /^instruction_following\/sft\/20: done\n[^]*\n {2}adapter {3}M9$/m);
    const table = ["table", "instruction_following", ...PROFILE];
    const [own, theirs] = [await copy.run(table, NO_GPU), await copy.run([...table, "--recorded"], NO_GPU)];
    assertEquals([own.out, theirs.err], [theirs.out, ""]);
    assertStringIncludes(own.err, `results/${beside}, of llvmpipe`);
    const named = await copy.run(["status", "--profile", beside], NO_GPU);
    assertMatch(named.out, new RegExp(`^results/${beside}, of llvmpipe`, "m"));
    const wrong = await copy.run(["status", "--profile", "smoke@nowhere"], NO_GPU);
    assertEquals([wrong.code, wrong.err], [
      2,
      `error: results/smoke@nowhere: no such results; there are ${beside}\n`,
    ]);

    // The same numbers, of another adapter.
    const diff = await copy.run(["diff", "--profile", beside], NO_GPU);
    assertEquals(diff.code, 0, diff.err);
    assertMatch(diff.out, /M9/);
    const page = await copy.run(["report", ...PROFILE], NO_GPU);
    assertEquals([page.code, page.out], [0, `results/${beside}/index.html\n`]);

    // To record them is to say so.
    const record = await copy.run([...SMALL, "--record"]);
    assertEquals(record.code, 0, record.err);
    assertMatch(record.err, /^ {2}teacher\/10, .+: stale: adapter M9 → llvmpipe/m);
    assertMatch(record.out, /\nagainst what results\/smoke held before: of (\d+) rows \1 equal, /);
    assertEquals((await filesOf(copy, RECORDED))["provenance.json"].includes("M9"), false);
  },
);
