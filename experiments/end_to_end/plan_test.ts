import { assertEquals, assertMatch } from "@std/assert";
import { NO_GPU, testCopy } from "./test_copy.ts";

// The least of each; every kind of change, and what is accepted, is in plan_slow_test.ts and accept_slow_test.ts.
const SMALL = ["instruction_following", "--profile", "smoke", "--seeds", "10", "--methods", "sft,kd"];

testCopy(
  "finished results take no GPU; a refactoring leaves them as they are; what makes them stale is said",
  async (copy) => {
    const first = await copy.run(["reproduce", ...SMALL]);
    assertEquals(first.code, 0, first.err);
    assertMatch(first.err, /^cached 0\/2, ran 2$/m);
    const again = await copy.run(["reproduce", ...SMALL], NO_GPU);
    assertEquals([again.code, again.out], [0, first.out]);
    assertMatch(again.err, /^cached 2\/2$/m);

    assertEquals(await copy.plan([...SMALL, "--set", "kd.temperature=2"]), { kd: "stale: kd.temperature 1 → 2" });
    // The same in other words, in a module that both cells use.
    const renamed = (text: string) => text.replaceAll("nextBatch", "theNextBatch");
    assertEquals(await copy.whileChanged("lib/bench/student_texts.ts", renamed, () => copy.plan(SMALL)), {});
    const bumped = (text: string) => text.replace("numerics: 1", "numerics: 2");
    assertEquals(await copy.whileChanged("experiments/methods/kd.ts", bumped, () => copy.plan(SMALL)), {
      kd: "stale: numerics of method kd 1 → 2",
    });
  },
);
