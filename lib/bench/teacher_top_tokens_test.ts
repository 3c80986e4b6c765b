import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "#lib/errors.ts";
import { expectRoomFor } from "./teacher_top_tokens.ts";

Deno.test("a disk without room for the teacher's likeliest tokens is told of before the teacher is asked", async () => {
  const asked: string[] = [];
  const free = (bytes: number | undefined) => (folder: string) => (asked.push(folder), Promise.resolve(bytes));
  await assertRejects(
    () => expectRoomFor(".cache/teacher/a.bin", 2000, free(1000)),
    StorageError,
    ".cache/teacher: the teacher's likeliest tokens take 2.0 kB and 1.0 kB are free; free some space, or keep fewer of them",
  );
  await expectRoomFor(".cache/teacher/a.bin", 1000, free(1000));
  // Where the system does not say it, the disk itself will.
  await expectRoomFor(".cache/teacher/a.bin", 2000, free(undefined));
  assertEquals(new Set(asked), new Set([".cache/teacher"]));
});
