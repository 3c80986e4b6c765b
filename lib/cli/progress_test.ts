import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatDuration, Progress } from "./progress.ts";

/** A terminal that keeps what is written, and a clock that is set by hand. */
function stage(isInteractive: boolean, columns = 80) {
  const clock = { ms: 1000 };
  const written: string[] = [];
  const terminal = { isInteractive, columns, print: () => {}, report: (text: string) => void written.push(text) };
  return { terminal, clock, written, now: () => clock.ms, unit: "cell" };
}

Deno.test("elsewhere than on a terminal, progress is a plain line every five seconds and one at the end", () => {
  const { written, clock, ...options } = stage(false);
  const progress = new Progress(options);
  progress.update(0, 4, "sft");
  clock.ms += 1000;
  progress.update(1, 4, "kd");
  clock.ms += 4000;
  progress.update(2, 4, "ammd");
  progress.update(3, 4, "ammd_sft");
  progress.update(4, 4, "done");
  assertEquals(written, [
    "  0 %  sft\n",
    " 50 %  ammd  24.0 cells/min  5 s left\n",
    "100 %  done  48.0 cells/min\n",
  ]);
});

Deno.test("on a terminal, one line is rewritten, and cleared at the end", () => {
  const { written, clock, ...options } = stage(true);
  const progress = new Progress(options);
  progress.update(0, 10, "sft");
  clock.ms += 50;
  progress.update(1, 10, "sft");
  clock.ms += 950;
  progress.update(2, 10, "kd");
  progress.end();
  assertEquals(written, ["  0 %  sft", "\r\x1b[K", " 20 %  kd  2.0 cells/s  4 s left", "\r\x1b[K"]);
});

Deno.test("a note stays above the rewritten line", () => {
  const { written, clock: _, ...options } = stage(true);
  const progress = new Progress(options);
  progress.update(0, 2, "sft");
  progress.note("teacher: done");
  assertEquals(written, ["  0 %  sft", "\r\x1b[K", "teacher: done\n", "  0 %  sft"]);
});

Deno.test("the rewritten line never reaches the terminal's last column, where it would wrap", () => {
  const { written, clock: _, ...options } = stage(true, 20);
  new Progress(options).update(0, 2, "a description longer than the terminal");
  assertEquals(written, ["  0 %  a descripti…"]);
});

Deno.test("rates and the time left count from the first update, not from what was there before", () => {
  const { written, clock, ...options } = stage(false);
  const progress = new Progress(options);
  progress.update(90, 100, "kd");
  clock.ms += 10_000;
  progress.update(95, 100, "kd");
  assertStringIncludes(written[1], "30.0 cells/min  10 s left");
});

Deno.test("quiet silences progress and notes", () => {
  const { written, clock: _, ...options } = stage(false);
  const progress = new Progress({ ...options, quiet: true });
  progress.update(0, 1, "sft");
  progress.note("teacher");
  progress.end();
  assertEquals(written, []);
});

Deno.test("durations are told in their two largest units", () => {
  assertEquals([900, 59_001, 200_000, 3_900_000].map(formatDuration), ["1 s", "1 min 0 s", "3 min 20 s", "1 h 5 min"]);
});
