import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { closest, expectKnown } from "./suggestion.ts";

const METHODS = ["teacher", "sft", "sft_continued", "kd", "ammd_off", "ammd_on", "ammd", "ammd_sft"];

Deno.test("a slip of one name is answered with that name", () => {
  assertEquals(closest("amd", METHODS), "ammd");
  assertEquals(closest("AMMD", METHODS), "ammd");
  assertEquals(closest("sft-continued", METHODS), "sft_continued");
  assertEquals(closest("ammd_stf", METHODS), "ammd_sft");
  assertEquals(closest("tacher", METHODS), "teacher");
});

Deno.test("a name that is like no other is answered with none", () => {
  assertEquals(closest("reinforce", METHODS), undefined);
  assertEquals(closest("", METHODS), undefined);
});

Deno.test("an unknown name is an input error that lists the known ones", () => {
  assertThrows(
    () => expectKnown("method", "amd", METHODS),
    InputError,
    'unknown method "amd"; did you mean "ammd"? known',
  );
  assertThrows(() => expectKnown("method", "reinforce", METHODS), InputError, '"reinforce"; known are teacher, sft,');
  expectKnown("method", "kd", METHODS);
});
