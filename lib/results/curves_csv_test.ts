import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { type CurveRow, formatCurves, parseCurves } from "./curves_csv.ts";

const point = (seed: number, step: number, measure: string, value: number): CurveRow => ({
  experiment: "distances",
  method: "ammd",
  seed,
  step,
  measure,
  value,
});
const HEADER = "experiment,method,seed,step,measure,value\n";

Deno.test("curves are written by run, step and measure, with six significant digits", () => {
  const rows = [
    point(10, 100, "loss", 2.3456789),
    point(10, 20, "loss", 123456.7),
    point(9, 20, "loss", 1e-7 / 3),
    point(10, 20, "d_on", -0.5),
    point(10, 20, "d_off", 12345678),
    point(10, 20, "grad_norm", -0),
  ];
  assertEquals(
    formatCurves(rows),
    HEADER +
      "distances,ammd,9,20,loss,3.33333e-8\n" +
      "distances,ammd,10,20,d_off,1.23457e+7\n" +
      "distances,ammd,10,20,d_on,-0.500000\n" +
      "distances,ammd,10,20,grad_norm,0.00000\n" +
      "distances,ammd,10,20,loss,123457\n" +
      "distances,ammd,10,100,loss,2.34568\n",
  );
});

const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
const rows = fc.uniqueArray(
  fc.record<CurveRow>({
    experiment: fc.constantFrom("a", "b,"),
    method: fc.constantFrom("sft", 'kd "2"'),
    seed: fc.nat(3),
    step: fc.nat(200),
    measure: fc.constantFrom("loss", "d_on"),
    value,
  }),
  { selector: ({ value: _, ...key }) => JSON.stringify(key) },
);

Deno.test("curves read back as written, to six digits, and their order does not change the text", () => {
  fc.assert(fc.property(rows, (rows) => {
    const text = formatCurves(rows);
    const read = parseCurves(text, "curves.csv");
    assertEquals(formatCurves(read), text);
    assertEquals(formatCurves(rows.toReversed()), text);
    for (const { value, ...key } of rows) {
      const same = read.find((other) =>
        JSON.stringify({ ...key, value: 0 }) === JSON.stringify({ ...other, value: 0 })
      )!;
      assert(Math.abs(same.value - value) <= 5.1e-6 * Math.abs(value), `${same.value} ${value}`);
    }
  }));
});

Deno.test("curves that repeat a key or are not finite are not written", () => {
  assertThrows(() => formatCurves([point(1, 2, "loss", 1), point(1, 2, "loss", 1)]), RangeError, "ammd 1 2 loss");
  assertThrows(() => formatCurves([point(1, 2, "loss", Infinity)]), RangeError, "ammd 1 2 loss");
});

Deno.test("a wrong line is refused with its number", () => {
  const refused = (text: string, message: string) =>
    assertThrows(() => parseCurves(text, "curves.csv"), InputError, message);
  refused("step,value\n", 'curves.csv: its header is "step,value"');
  refused(`${HEADER}e,m,1,2,loss,0.5\ne,m,1,x,loss,0.5\n`, 'curves.csv, line 3: step is "x"');
  refused(`${HEADER}e,m,1,2,loss,NaN\n`, 'curves.csv, line 2: value is "NaN" but must be a number');
  refused(`${HEADER}e,m,1,2,loss,1\ne,m,1,2,loss,2\n`, "curves.csv, line 3: a second value for e m 1 2 loss");
});
