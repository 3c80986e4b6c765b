import { assertEquals, assertThrows } from "@std/assert";
import { processTerminal } from "./terminal.ts";

/** Streams that take three bytes at a time, as a full pipe may, and keep them. */
function streams() {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    writeSync: (bytes: Uint8Array) => {
      written[name] += String.fromCharCode(...bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
    isTerminal: () => false,
  });
  return { written, stdout: stream("stdout"), stderr: stream("stderr") };
}

const HOSTILE = "a\x1b[2J\x9b31m\r\x07\u202e\n\tb";
const VISIBLE = "a\\u{1b}[2J\\u{9b}31m\\u{d}\\u{7}\\u{202e}\n\tb";

Deno.test("what is printed and reported is text: only line feeds and tabs act", () => {
  const { written, ...to } = streams();
  const terminal = processTerminal(to);
  terminal.print(HOSTILE);
  terminal.write(HOSTILE);
  terminal.report(HOSTILE);
  assertEquals(written, { stdout: `${VISIBLE}\n${VISIBLE}`, stderr: VISIBLE });
});

Deno.test("lines are rewritten by the terminal's own sequences, and nothing in them acts, not even a line feed", () => {
  const { written, ...to } = streams();
  const terminal = processTerminal(to);
  terminal.rewrite(["\x1b[2Jhalf\n"]);
  terminal.rewrite(["a", "b", "c"]);
  terminal.rewrite([]);
  assertEquals(written, { stdout: "", stderr: "\r\x1b[J\\u{1b}[2Jhalf\\u{a}\r\x1b[Ja\nb\nc\r\x1b[2A\x1b[J" });
});

Deno.test("lines that something was reported after stay", () => {
  const { written, ...to } = streams();
  const terminal = processTerminal(to);
  terminal.rewrite(["a", "b"]);
  terminal.report("\nstopping\n");
  terminal.rewrite(["c"]);
  assertEquals(written.stderr, "\r\x1b[Ja\nb\nstopping\n\r\x1b[Jc");
});

Deno.test("where nobody reads any more, the command goes on; a disk that is full ends it", () => {
  const { written, ...to } = streams();
  const failing = (error: Error) =>
    processTerminal({
      ...to,
      stdout: {
        writeSync() {
          throw error;
        },
      },
    });
  const gone = failing(new Deno.errors.BrokenPipe());
  gone.print("a");
  gone.report("b");
  assertEquals(written, { stdout: "", stderr: "b" });
  assertThrows(() => failing(new Error("no space left")).print("a"), Error, "no space left");
});
