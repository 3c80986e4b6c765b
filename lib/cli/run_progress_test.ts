import { assertEquals, assertMatch } from "@std/assert";
import { type Cell, cellsOf } from "#lib/runner/cell.ts";
import { PLAIN } from "#lib/runner/test_experiment.ts";
import { ProgressLine } from "./progress_line.ts";
import { RunProgress } from "./run_progress.ts";

const cells = cellsOf(PLAIN, { seeds: [1, 2] });

/** A run of four cells, whose line is looked at at any time; the clock is set by hand. */
function stage(
  secondsOf: (cell: Cell) => number | undefined,
  { free, width = 1, sharedSeconds }: { free?: Cell; width?: number; sharedSeconds?: number } = {},
) {
  const clock = { ms: 0 };
  let text = "";
  const line = new ProgressLine({
    terminal: {
      isInteractive: true,
      columns: 200,
      rows: 24,
      print() {},
      write() {},
      report() {},
      rewrite: (lines) => text = lines.join("\n"),
    },
    // Every text is shown, however soon.
    now: () => clock.ms += 1e6,
  });
  let ms = 0;
  const progress = new RunProgress({
    cells: cells.map((cell, i) => ({
      cell,
      isComputed: cell !== free,
      ...(i === 0 ? { sharedSeconds } : {}),
    })),
    width,
    times: { secondsOf },
    line,
    now: () => ms,
  });
  const at = (newMs: number, act: (progress: RunProgress) => void) => {
    ms = newMs;
    act(progress);
    return text;
  };
  return { at };
}

const training = { what: "kd, seed 1", unit: "step", all: 100, tokens: 0 } as const;

Deno.test("cells and time left are told by what the cells took before, and by how far off that was", () => {
  const { at } = stage(() => 10);
  assertEquals(at(0, (progress) => progress.begin(cells[0])), "  0 %  40 s left  cell 1/4  plain/sft/1");
  assertEquals(
    at(5000, (progress) => progress.say(cells[0], "scoring")),
    " 12 %  35 s left  cell 1/4  plain/sft/1: scoring",
  );
  // It took twice as long as was thought, so will the others.
  assertEquals(at(20_000, (progress) => progress.end(cells[0], "run", 20_000)), " 25 %  1 min 0 s left  cell 2/4");
  assertEquals(at(20_000, (progress) => progress.end(cells[1], "taken")), " 50 %  40 s left  cell 3/4");
});

Deno.test("where nothing was timed before, the time left is told once a cell has been run", () => {
  const { at } = stage(() => undefined);
  assertEquals(at(0, (progress) => progress.begin(cells[0])), "  0 %  cell 1/4  plain/sft/1");
  assertEquals(at(4000, (progress) => progress.end(cells[0], "run", 4000)), " 25 %  12 s left  cell 2/4");
});

Deno.test("training tells its step, loss, tokens a second and the time that is left of it", () => {
  const { at } = stage(() => 10);
  at(0, (progress) => progress.begin(cells[1]));
  at(0, (progress) => progress.progress(cells[1], { ...training, done: 0 }));
  at(1000, (progress) => progress.progress(cells[1], { ...training, done: 10, tokens: 3000 }));
  assertMatch(
    at(2000, (progress) => progress.progress(cells[1], { ...training, done: 20, tokens: 3000, loss: 0.12345 })),
    /plain\/kd\/1: kd, seed 1: step 20\/100, loss 0\.123, 3,000 tokens\/s, 8 s of training left$/,
  );
  // Another thing that is trained is told from its own start.
  assertMatch(
    at(3000, (progress) => progress.progress(cells[1], { ...training, what: "teacher, seed 1", done: 0 })),
    /teacher, seed 1: step 0\/100$/,
  );
});

Deno.test("texts that are written or read are counted, again from the start where they are drawn again", () => {
  const { at } = stage(() => 10);
  const scoring = { what: "scoring", unit: "text", all: 50 } as const;
  at(0, (progress) => progress.begin(cells[1]));
  assertMatch(at(0, (progress) => progress.progress(cells[1], { ...scoring, done: 0 })), /1: scoring: text 0\/50$/);
  assertMatch(
    at(4000, (progress) => progress.progress(cells[1], { ...scoring, done: 20 })),
    /scoring: text 20\/50, 6 s of these texts left$/,
  );
  at(10_000, (progress) => progress.progress(cells[1], { ...scoring, done: 50 }));
  assertMatch(at(10_000, (progress) => progress.progress(cells[1], { ...scoring, done: 0 })), /text 0\/50$/);
  assertMatch(
    at(11_000, (progress) => progress.progress(cells[1], { ...scoring, done: 25 })),
    /text 25\/50, 1 s of these texts left$/,
  );
});

Deno.test("a run that goes on from a checkpoint takes its rate from there", () => {
  const { at } = stage(() => 10);
  at(0, (progress) => progress.begin(cells[1]));
  at(0, (progress) => progress.progress(cells[1], { ...training, done: 80 }));
  assertMatch(
    at(1000, (progress) => progress.progress(cells[1], { ...training, done: 90 })),
    /step 90\/100, 1 s of training left$/,
  );
});

Deno.test("all done is 100 %", () => {
  const { at } = stage(() => 10);
  let text = "";
  for (const cell of cells) text = at(0, (progress) => (progress.begin(cell), progress.end(cell, "taken")));
  assertEquals(text, "100 %  cell 4/4");
});

Deno.test("a cell that takes longer than was thought has as much left as its training", () => {
  const { at } = stage(() => 10);
  at(0, (progress) => progress.begin(cells[3]));
  for (const cell of cells.slice(0, 3)) at(0, (progress) => progress.end(cell, "taken"));
  at(0, (progress) => progress.begin(cells[3]));
  at(0, (progress) => progress.progress(cells[3], { ...training, done: 0 }));
  assertMatch(
    at(20_000, (progress) => progress.progress(cells[3], { ...training, done: 50 })),
    /^ 99 % {2}20 s left .+, 20 s of training left$/,
  );
});

Deno.test("a cell whose numbers are another's takes no time, and what a cell shares with others is not its own", () => {
  const { at } = stage(() => 10, { free: cells[3] });
  assertEquals(at(0, (progress) => progress.begin(cells[0])), "  0 %  30 s left  cell 1/4  plain/sft/1");
  // A minute, of which 50 seconds went into the teacher.
  assertEquals(at(60_000, (progress) => progress.end(cells[0], "run", 10_000)), " 33 %  20 s left  cell 2/4");
});

Deno.test("what the first cell makes for all is counted from the start, and says nothing of how fast cells are", () => {
  const { at } = stage(() => 10, { sharedSeconds: 60 });
  assertEquals(at(0, (progress) => progress.begin(cells[0])), "  0 %  1 min 40 s left  cell 1/4  plain/sft/1");
  assertEquals(
    at(35_000, (progress) => progress.say(cells[0], "teacher")),
    " 35 %  1 min 5 s left  cell 1/4  plain/sft/1: teacher",
  );
  assertEquals(at(70_000, (progress) => progress.end(cells[0], "run", 10_000)), " 70 %  30 s left  cell 2/4");
});

Deno.test("cells side by side have a line each, which stays where it is, and together take less", () => {
  const { at } = stage(() => 10, { width: 2 });
  at(0, (progress) => progress.begin(cells[0]));
  assertEquals(
    at(0, (progress) => progress.begin(cells[1])),
    "  0 %  20 s left  0/4 cells\n  plain/sft/1\n  plain/kd/1",
  );
  at(5000, (progress) => progress.say(cells[1], "waits"));
  assertEquals(
    at(5000, (progress) => progress.putBack(cells[0])),
    " 12 %  18 s left  0/4 cells\n  plain/kd/1: waits",
  );
  assertEquals(
    at(5000, (progress) => progress.begin(cells[2])),
    " 12 %  18 s left  0/4 cells\n  plain/sft/2\n  plain/kd/1: waits",
  );
  // No shorter than what is left of the longest.
  for (const cell of [cells[1], cells[0]]) at(10_000, (progress) => progress.end(cell, "run", 10_000));
  at(10_000, (progress) => progress.end(cells[2], "run", 10_000));
  assertEquals(at(10_000, (progress) => progress.begin(cells[3])), " 75 %  10 s left  3/4 cells\n  plain/kd/2");
});
