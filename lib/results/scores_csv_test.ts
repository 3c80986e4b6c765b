import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { formatScores, parseScores, type ScoreRow } from "./scores_csv.ts";

const score = (method: string, seed: number, value: number, dataset = "dolly"): ScoreRow => ({
  experiment: "instruction_following",
  method,
  dataset,
  metric: "rouge_l",
  seed,
  value,
  count: 200,
});
/** Of files of before data sets had columns of their own, which are read as well. */
const HEADER = "experiment,method,dataset,metric,seed,value,count\n";
const WRITTEN_HEADER = "experiment,method,dataset,metric,seed,value,count,task,size,decoding\n";

Deno.test("scores are written sorted by key, seeds by size, with six decimals and LF", () => {
  const rows = [score("sft", 10, 1 / 3), score("sft", 9, 1), score("Kd", 10, 0), score("kd", 10, 0.5, "vicuna")];
  assertEquals(
    formatScores(rows),
    WRITTEN_HEADER +
      "instruction_following,Kd,dolly,rouge_l,10,0.000000,200,instruction_following,,sampled\n" +
      "instruction_following,kd,vicuna,rouge_l,10,0.500000,200,instruction_following,,sampled\n" +
      "instruction_following,sft,dolly,rouge_l,9,1.000000,200,instruction_following,,sampled\n" +
      "instruction_following,sft,dolly,rouge_l,10,0.333333,200,instruction_following,,sampled\n",
  );
});

Deno.test("no scores are a header", () => {
  assertEquals(formatScores([]), WRITTEN_HEADER);
  assertEquals(parseScores(WRITTEN_HEADER, "scores.csv"), []);
  assertEquals(parseScores(HEADER, "scores.csv"), []);
});

Deno.test("a value that rounds to zero has no sign", () => {
  assert(formatScores([score("sft", 1, -1e-9)]).includes(",0.000000,"));
});

const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a,"b"', "two\nlines", " padded ", "-", "1"))
  .filter((name) => !name.includes("\r"));
const rows = fc.uniqueArray(
  fc.record<ScoreRow>({
    experiment: name,
    method: name,
    dataset: name,
    metric: name,
    seed: fc.nat(),
    value: fc.double({ min: -1, max: 1, noNaN: true }),
    count: fc.nat(),
  }),
  { selector: ({ experiment, method, dataset, metric, seed }) => `${[experiment, method, dataset, metric, seed]}` },
);

Deno.test("scores read back as written, to half a unit of the last decimal, whatever the names", () => {
  fc.assert(fc.property(rows, (rows) => {
    const text = formatScores(rows);
    const read = parseScores(text, "scores.csv");
    assertEquals(formatScores(read), text);
    assertEquals(read.length, rows.length);
    for (const row of rows) {
      const { value, ...key } = row;
      const same = read.find((other) =>
        JSON.stringify({ ...row, value: 0 }) === JSON.stringify({ ...other, value: 0 })
      );
      assertAlmostEquals(same!.value, value, 5.1e-7, JSON.stringify(key));
    }
  }));
});

Deno.test("the order of the rows does not change the text", () => {
  fc.assert(fc.property(rows, (rows) => assertEquals(formatScores(rows.toReversed()), formatScores(rows))));
});

Deno.test("scores that repeat a key or are not finite are not written", () => {
  assertThrows(() => formatScores([score("sft", 1, 0.5), score("sft", 1, 0.6)]), RangeError, "sft dolly rouge_l 1");
  assertThrows(() => formatScores([score("sft", 1, NaN)]), RangeError, "sft dolly rouge_l 1");
});

function assertRefused(text: string, message: string) {
  assertThrows(() => parseScores(text, "results/scores.csv"), InputError, message);
}

Deno.test("another header is refused", () => {
  assertRefused("", 'results/scores.csv: it is empty but must be "experiment,method,');
  assertRefused(
    "method,seed\na,1\n",
    'results/scores.csv: its header is "method,seed" but must be "experiment,method,',
  );
});

Deno.test("a wrong field is refused with its line, counted over empty lines and quoted line breaks", () => {
  assertRefused(`${HEADER}e,m,d,r,1,0.5,2\ne,m,d,r,1.5,0.5,2\n`, 'scores.csv, line 3: seed is "1.5" but must be');
  assertRefused(`${HEADER}\n\r\ne,m,d,r,1,half,2\n`, 'scores.csv, line 4: value is "half" but must be a number');
  assertRefused(`${HEADER}"e\n\n1",m,d,r,1,0.5,2\ne,,d,r,1,0.5,2\n`, "scores.csv, line 5: method is empty");
  assertRefused(`${HEADER}e,m,d,r,1,0.5,-2\n`, 'line 2: count is "-2"');
  assertRefused(`${HEADER}e,m,d,r,1,1e999,2\n`, 'line 2: value is "1e999"');
});

Deno.test("a row with another number of fields is refused with its line", () => {
  assertRefused(`${HEADER}e,m,d,r,1,0.5\n`, "scores.csv, line 2: 6 fields instead of the 7 of the header");
});

Deno.test("quotes that do not match are refused with their line", () => {
  assertRefused(`${HEADER}e,m,d,r,1,0.5,2\ne,"m,d,r,1,0.5,2\n`, "scores.csv, line 3: quotes do not match");
  assertRefused(`${HEADER}e,m"x,d,r,1,0.5,2\n`, "scores.csv, line 2: quotes do not match");
});

Deno.test("a key that occurs twice is refused with the line of the second", () => {
  assertRefused(
    `${HEADER}e,m,d,r,1,0.5,2\ne,m,d,r,2,0.5,2\ne,m,d,r,1,0.6,2\n`,
    "scores.csv, line 4: a second score for e m d r 1",
  );
});

Deno.test("CRLF and a byte order mark, as spreadsheets write them, are read", () => {
  const text = `\ufeff${HEADER}e,m,d,r,1,0.5,2\n`.replaceAll("\n", "\r\n");
  assertEquals(parseScores(text, "scores.csv").length, 1);
});
