import { assert, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { PAIRS, runTrial } from "./test_moment_trial.ts";
import { assertResumes } from "./test_snapshots.ts";

const gpu = await testGpu();
const ON_POLICY = { features: "teacher", beta: 0, criticSteps: 2, criticLearningRateFactor: 20 } as const;

gpuTest(
  "a critic with infinite slack is the free one to the bit; one with none stays by the pairs that are against it",
  async () => {
    const free = await runTrial({ settings: ON_POLICY, steps: 8 });
    const pairs = PAIRS.map((pair, n) => ({ ...pair, label: Number(free.logits[n] < 0) }));
    const unbound = await runTrial({
      settings: ON_POLICY,
      steps: 8,
      held: { pairs, slackPerPair: Infinity, multiplierRate: 100 },
    });
    assertEquals(unbound.end, free.end);
    const ofHold = ["multiplier", "violation", "reward_accuracy"];
    assertEquals(unbound.rows.filter(({ measure }) => !ofHold.includes(measure)), free.rows);
    const unused = unbound.rows.filter(({ measure }) => ["multiplier", "violation"].includes(measure));
    assertEquals(new Set(unused.map(({ value }) => value)), new Set([0]));
    const held = await runTrial({
      settings: ON_POLICY,
      steps: 8,
      held: { pairs, slackPerPair: 0, multiplierRate: 100 },
    });
    // log sigma of the logits as the pairs have them: the free critic is against all of them.
    const likelihoodOf = ({ logits }: { readonly logits: readonly number[] }) =>
      logits.reduce((sum, logit, n) => sum - Math.log1p(Math.exp(pairs[n].label === 1 ? -logit : logit)), 0) /
      logits.length;
    const [without, within] = [likelihoodOf(free), likelihoodOf(held)];
    assert(without < -Math.LN2 - 0.01, `${without}`);
    assert(-Math.LN2 - within < (-Math.LN2 - without) / 4, `${within} where the free one has ${without}`);
    assert(held.rows.some(({ measure, value }) => measure === "multiplier" && value > 0));
  },
);

gpuTest("a run with a held critic goes on from any round with its multiplier, to the same bits", async () => {
  const train = async (checkpoint?: Checkpoint) => {
    const held = { pairs: PAIRS, slackPerPair: 0, multiplierRate: 100 };
    const { rows, end } = await runTrial({ settings: ON_POLICY, steps: 3, logEvery: 2, checkpoint, held });
    return { rows, end };
  };
  const snapshots = await assertResumes(gpu, train, [1, 2, 3]);
  const multipliers = snapshots.map(({ parts }) =>
    (parts["confidence set"].values as { multiplier: number }).multiplier
  );
  assert(multipliers.some((multiplier) => multiplier > 0), `${multipliers}`);
});
