import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { formatItems, type ItemsRow, parseItems } from "./items_csv.ts";

const row = (method: string, seed: number, values: readonly number[], dataset = "dolly"): ItemsRow => ({
  experiment: "instruction_following",
  method,
  dataset,
  metric: "rouge_l",
  seed,
  values,
});
/** Of files of before data sets had columns of their own, which are read as well. */
const HEADER = "experiment,method,dataset,metric,seed,values\n";
const WRITTEN_HEADER = "experiment,method,dataset,metric,seed,values,task,size,decoding\n";

Deno.test("items are written sorted by key, with four significant digits and no trailing zeros", () => {
  assertEquals(
    formatItems([row("sft", 10, [1 / 3, 1, -0]), row("sft", 9, [0.5, 0.06666, 123.456]), row("kd", 10, [1e-9])]),
    WRITTEN_HEADER +
      "instruction_following,kd,dolly,rouge_l,10,1e-9,instruction_following,,sampled\n" +
      "instruction_following,sft,dolly,rouge_l,9,0.5 0.06666 123.5,instruction_following,,sampled\n" +
      "instruction_following,sft,dolly,rouge_l,10,0.3333 1 0,instruction_following,,sampled\n",
  );
});

Deno.test("no items are a header", () => {
  assertEquals(formatItems([]), WRITTEN_HEADER);
  assertEquals(parseItems(WRITTEN_HEADER, "items.csv"), []);
  assertEquals(parseItems(HEADER, "items.csv"), []);
});

const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a,"b"', "two\nlines", " padded ", "-", "1"))
  .filter((name) => !name.includes("\r"));
const value = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const rows = fc.uniqueArray(
  fc.record<ItemsRow>({
    experiment: name,
    method: name,
    dataset: name,
    metric: name,
    seed: fc.nat(),
    values: fc.array(value.filter((value) => Math.abs(value) < 1e300), { minLength: 1, maxLength: 20 }),
  }),
  { selector: (row) => JSON.stringify({ ...row, values: [] }), maxLength: 12 },
);

Deno.test("items read back as written, to four significant digits, whatever the names", () => {
  fc.assert(fc.property(rows, (rows) => {
    const text = formatItems(rows);
    const read = parseItems(text, "items.csv");
    assertEquals(formatItems(read), text);
    assertEquals(read.length, rows.length);
    for (const row of rows) {
      const key = JSON.stringify({ ...row, values: [] });
      const same = read.find((other) => JSON.stringify({ ...other, values: [] }) === key)!;
      assertEquals(same.values.length, row.values.length);
      // Half a unit of the fourth digit; numbers near the smallest there are have fewer bits.
      same.values.forEach((value, i) =>
        assertAlmostEquals(value, row.values[i], Math.abs(row.values[i]) * 5.01e-4 + 1e-320)
      );
    }
  }));
});

Deno.test("the order of the rows does not change the text", () => {
  fc.assert(fc.property(rows, (rows) => assertEquals(formatItems(rows.toReversed()), formatItems(rows))));
});

Deno.test("the items of the largest table fit in 400 kB", () => {
  const rows = Array.from(
    { length: 16 * 3 * 5 },
    (_, i) => row(`method_${i % 16}`, i, Array.from({ length: 200 }, (_, j) => ((i + 1) * (j + 1) % 997) / 997)),
  );
  assert(formatItems(rows).length < 400_000, `${formatItems(rows).length}`);
});

Deno.test("items that repeat a key, are none or are not finite are not written", () => {
  const wrong = [[row("sft", 1, [0.5]), row("sft", 1, [0.6])], [row("sft", 1, [])], [row("sft", 1, [0.5, NaN])]];
  for (const rows of wrong) assertThrows(() => formatItems(rows), RangeError, "sft dolly rouge_l 1 occurs twice, is");
});

function assertRefused(text: string, message: string) {
  assertThrows(() => parseItems(text, "results/items.csv"), InputError, message);
}

Deno.test("another header is refused", () => {
  assertRefused("", 'results/items.csv: it is empty but must be "experiment,method,dataset,metric,seed,values"');
  assertRefused("method,values\na,1\n", 'results/items.csv: its header is "method,values" but must be');
});

Deno.test("a wrong field is refused with its line and column", () => {
  assertRefused(
    `${HEADER}e,m,d,r,1,1\ne,m,d,r,2,0.5 half 1\n`,
    'line 3: values: item 2 is "half" but must be a number',
  );
  assertRefused(`${HEADER}e,m,d,r,1,0.5  1\n`, 'results/items.csv, line 2: values: item 2 is "" but must be a number');
  assertRefused(`${HEADER}e,m,d,r,1,1e999\n`, 'line 2: values: item 1 is "1e999"');
  assertRefused(`${HEADER}e,m,d,r,1,\n`, "line 2: values is empty");
  assertRefused(`${HEADER}e,m,d,r,-1,0.5\n`, 'line 2: seed is "-1"');
  assertRefused(`${HEADER}e,,d,r,1,0.5\n`, "line 2: method is empty");
  assertRefused(`${HEADER}e,m,d,r,1\n`, "line 2: 5 fields instead of the 6 of the header");
});

Deno.test("a key that occurs twice is refused with the line of the second", () => {
  assertRefused(`${HEADER}e,m,d,r,1,0.5\ne,m,d,r,1,0.6\n`, "line 3: second items for e m d r 1");
});
