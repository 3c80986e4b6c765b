import { assertEquals } from "@std/assert";
import { formatDuration, ProgressLine } from "./progress_line.ts";

/** A terminal that keeps what is written, and a clock that is set by hand. */
function stage(isInteractive: boolean, columns = 80, rows = 24) {
  const clock = { ms: 1000 };
  const written: string[] = [];
  const terminal = {
    isInteractive,
    columns,
    rows,
    print: () => {},
    write: () => {},
    report: (text: string) => void written.push(text),
    rewrite: (lines: readonly string[]) => void written.push(`<${lines.join("|")}>`),
  };
  return { terminal, clock, written, now: () => clock.ms };
}

Deno.test("elsewhere than on a terminal, progress is a plain line every five seconds, and the last in any case", () => {
  const { written, clock, ...options } = stage(false);
  const line = new ProgressLine(options);
  for (const [ms, text] of [[0, "a"], [1000, "b"], [4000, "c"], [1, "d"]] as const) {
    clock.ms += ms;
    line.update(() => text);
  }
  line.update(() => "end", true);
  line.end();
  assertEquals(written, ["a\n", "c\n", "end\n"]);
});

Deno.test("on a terminal one line is rewritten ten times a second at most, and taken away at the end", () => {
  const { written, clock, ...options } = stage(true);
  const line = new ProgressLine(options);
  line.update(() => "a");
  clock.ms += 50;
  line.update(() => "b");
  clock.ms += 50;
  line.update(() => "c");
  line.end();
  assertEquals(written, ["<a>", "<c>", "<>"]);
});

Deno.test("a note stays above the rewritten line", () => {
  const { written, clock: _, ...options } = stage(true);
  const line = new ProgressLine(options);
  line.update(() => "sft");
  line.note("teacher: done");
  assertEquals(written, ["<sft>", "<>", "teacher: done\n", "<sft>"]);
});

Deno.test("the line never reaches the terminal's last column, where it would wrap", () => {
  const { written, clock: _, ...options } = stage(true, 16);
  new ProgressLine(options).update(() => "longer than the terminal");
  assertEquals(written, ["<longer than th…>"]);
});

Deno.test("several lines are rewritten together, as many as fit on the screen; elsewhere they come as rarely as single ones", () => {
  const { written, clock: _, ...options } = stage(true, 80, 4);
  const line = new ProgressLine(options);
  line.update(() => ["a", "b", "c"]);
  line.note("seen");
  line.update(() => ["a", "b", "c", "d", "e"], true);
  assertEquals(written, ["<a|b|c>", "<>", "seen\n", "<a|b|c>", "<a|b|… and 3 more>"]);

  const plain = stage(false);
  const lines = new ProgressLine(plain);
  for (const ms of [0, 5000, 9999, 10_000]) {
    plain.clock.ms = ms;
    lines.update(() => ["a", `${ms}`]);
  }
  assertEquals(plain.written, ["a\n", "0\n", "a\n", "10000\n"]);
});

Deno.test("quiet shows no progress, but notes", () => {
  const { written, clock: _, ...options } = stage(false);
  const line = new ProgressLine({ ...options, quiet: true });
  line.update(() => "sft", true);
  line.note("a checkpoint is damaged");
  assertEquals(written, ["a checkpoint is damaged\n"]);
});

Deno.test("durations are told in their two largest units", () => {
  assertEquals([900, 59_001, 200_000, 3_900_000].map(formatDuration), ["1 s", "1 min 0 s", "3 min 20 s", "1 h 5 min"]);
});
