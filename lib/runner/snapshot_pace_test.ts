import { assert, assertEquals } from "@std/assert";
import { SnapshotPace } from "./snapshot_pace.ts";

/** How often a run of steps is saved, and what part of its time that takes. */
function run(everyMs: number, { steps, stepMs, saveMs }: Record<"steps" | "stepMs" | "saveMs", number>) {
  let [ms, saves] = [0, 0];
  const pace = new SnapshotPace(everyMs, () => ms);
  for (let step = 0; step < steps; step++) {
    ms += stepMs;
    if (!pace.isDue()) continue;
    ms += saveMs;
    saves++;
    pace.saved();
  }
  return { saves, share: saves * saveMs / ms };
}

Deno.test("quick snapshots are as frequent as is asked for", () => {
  assertEquals(run(30_000, { steps: 600, stepMs: 1000, saveMs: 10 }).saves, 20);
});

Deno.test("slow snapshots become rarer, so that a long run spends a twentieth of its time on them at most", () => {
  const { saves, share } = run(30_000, { steps: 20_000, stepMs: 1000, saveMs: 20_000 });
  assert(saves > 40, `${saves}`);
  assert(share <= 0.0505, `${share}`);
});

Deno.test("where every step is to be saved, every step is", () => {
  assertEquals(run(0, { steps: 50, stepMs: 10, saveMs: 5000 }).saves, 50);
});
