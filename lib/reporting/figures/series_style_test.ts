import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DISPLAY } from "../test_display.ts";
import { seriesOf, stylesOf } from "./series_style.ts";

const METHODS = Object.keys(DISPLAY).filter((name) => DISPLAY[name].style);
const key = (value: unknown) => JSON.stringify(value);

Deno.test("a known method looks the same in any company", () => {
  const alone = METHODS.map((method) => stylesOf([method], DISPLAY)[0]);
  assertEquals(stylesOf(METHODS, DISPLAY), alone);
  assertEquals(stylesOf(["x", ...METHODS.toReversed(), "y"], DISPLAY).slice(1, -1).toReversed(), alone);
});

Deno.test("styles differ in colour or dash, and in colour or marker", () => {
  const unknown = fc.uniqueArray(fc.string(), { maxLength: 20 });
  const known = fc.subarray(METHODS);
  fc.assert(fc.property(known, unknown, (known, unknown) => {
    const names = [...new Set([...known, ...unknown])];
    const styles = stylesOf(names, DISPLAY);
    assertEquals(new Set(styles.map(({ color, dash }) => key([color, dash]))).size, names.length);
    assertEquals(new Set(styles.map(({ color, shape, filled }) => key([color, shape, filled]))).size, names.length);
  }));
  const styles = stylesOf(METHODS, DISPLAY);
  assertEquals(new Set(styles.map(({ color, shape, filled }) => key([color, shape, filled]))).size, METHODS.length);
});

Deno.test("in black and white, the first eight unknown names differ by dash or marker", () => {
  const styles = stylesOf("abcdefgh".split(""));
  assertEquals(new Set(styles.map(({ dash, shape, filled }) => key([dash, shape, filled]))).size, 8);
  assertEquals(new Set(styles.map(({ color }) => color)).size, 8);
});

Deno.test("a series has its label or the method's, or else its name", () => {
  const [kd, other, unknown] = seriesOf(
    [{ method: "kd" }, { method: "ammd_k5", label: "K = 5" }, { method: "x" }],
    DISPLAY,
  );
  assertEquals([kd.label, other.label, unknown.label], ["KD", "K = 5", "x"]);
  assert(key(kd.style) !== key(other.style));
});
