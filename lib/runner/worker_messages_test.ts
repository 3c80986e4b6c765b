import { assertEquals } from "@std/assert";
import { GpuMemoryError } from "#kernels/runtime/device_errors.ts";
import { InputError, Interrupted, StorageError } from "#lib/errors.ts";
import { NonFiniteError } from "#lib/training/measure_log.ts";
import { Busy } from "./shared_things.ts";
import { linesOf, receivedError, sentError } from "./worker_messages.ts";

Deno.test("an error that decides what becomes of the run arrives as what it was", () => {
  for (
    const error of [
      new InputError("a"),
      new StorageError("b"),
      new NonFiniteError("c"),
      new Busy("d"),
      new GpuMemoryError("e"),
    ]
  ) {
    const received = receivedError(JSON.parse(JSON.stringify(sentError(error))));
    assertEquals([received.constructor, received.message, received.stack], [
      error.constructor,
      error.message,
      error.stack,
    ]);
  }
  const interrupted = receivedError(JSON.parse(JSON.stringify(sentError(new Interrupted("SIGTERM")))));
  assertEquals(interrupted instanceof Interrupted && interrupted.signal, "SIGTERM");
  assertEquals(receivedError({ name: "TypeError", message: "e" }).message, "e");
  assertEquals(sentError("f"), { name: "Error", message: "f" });
});

Deno.test("lines are whole, wherever a pipe has cut them; one that was never ended is none", async () => {
  const bytes = new TextEncoder().encode('{"ä":1}\n\n{"b"');
  for (const size of [1, 2, 3, 100]) {
    const parts = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    assertEquals(await Array.fromAsync(linesOf(ReadableStream.from(parts))), ['{"ä":1}', ""]);
  }
});
