import { assertEquals } from "@std/assert";
import { formatBytes } from "./byte_count.ts";

Deno.test("bytes are told with two or three digits, and never as 1000 of a unit", () => {
  const numbers = [0, 999, 999.6, 1000, 1234, 99_949, 99_950, 548_105_171, 999_600_000, 5.81e9, 2.5e12];
  assertEquals(numbers.map(formatBytes), [
    ...["0 B", "999 B", "1.0 kB", "1.0 kB", "1.2 kB", "99.9 kB", "100 kB", "548 MB", "1.0 GB", "5.8 GB", "2.5 TB"],
  ]);
});
