import { assertEquals, assertMatch } from "@std/assert";
import { NO_GPU, testCopy } from "./test_copy.ts";

// The least of each; every kind of change, and what cannot be accepted, is in plan_slow_test.ts and accept_slow_test.ts.
const SMALL = ["instruction_following", "--profile", "smoke", "--seeds", "10", "--methods", "sft,kd"];
const MODULE = "lib/bench/student_texts.ts";

testCopy(
  "finished results take no GPU, stale ones say what has changed, and those that come out the same can be kept",
  async (copy) => {
    const first = await copy.run(["reproduce", ...SMALL]);
    assertEquals(first.code, 0, first.err);
    assertMatch(first.err, /^cached 0\/2, ran 2$/m);
    const again = await copy.run(["reproduce", ...SMALL], NO_GPU);
    assertEquals([again.code, again.out], [0, first.out]);
    assertMatch(again.err, /^cached 2\/2$/m);

    const temperature = await copy.plan([...SMALL, "--set", "kd.temperature=2"]);
    assertEquals(temperature, { kd: "stale: kd.temperature 1 → 2" });
    const comment = (text: string) => `// A comment.\n${text}`;
    assertEquals(await copy.whileChanged(MODULE, comment, () => copy.plan(SMALL)), {});
    const renamed = (text: string) => text.replaceAll("nextBatch", "theNextBatch");
    await copy.whileChanged(MODULE, renamed, async () => {
      const { code, err } = await copy.run(["reproduce", ...SMALL, "--accept"]);
      assertEquals(code, 0, err);
      assertMatch(err, /^instruction_following: kd\/10 comes out the same; accepted: kd\/10$/m);
      assertMatch(err, /^cached 2\/2$/m);
    });
  },
);
