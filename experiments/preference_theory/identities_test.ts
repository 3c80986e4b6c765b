import { assert, assertEquals } from "@std/assert";
import { identityErrors } from "./identities.ts";

Deno.test("both identities and the telescoped rewards hold to 1e-12, and the other moment is not the gap", () => {
  const errors = identityErrors(7, 100);
  for (const { student, teacher, texts } of errors) assert(Math.max(student, teacher, texts) <= 1e-12);
  assert(errors.filter(({ crossed }) => crossed > 1e-3).length > 50);
});

Deno.test("draws depend on the seed alone", () => {
  assertEquals(identityErrors(3, 5), identityErrors(3, 5));
  assert(identityErrors(3, 1)[0].crossed !== identityErrors(4, 1)[0].crossed);
});
