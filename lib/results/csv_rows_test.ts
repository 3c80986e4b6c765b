import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { readTable, writeCsv } from "./csv_rows.ts";

const parse = (text: string) => readTable(text, "a.csv", []);
const numbers = (field: string) => {
  const table = parse(`values\n${field}\n`);
  return table.numbers(table.records[0], "values");
};

Deno.test("any texts come back as they were written, with the line on which each row begins", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é", "|") });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), (rows) => {
      const text = writeCsv(["a", "b"], rows.map(([a, b]) => ({ a: `${a}.`, b: `${b}.` })));
      const { records } = parse(text);
      assertEquals(records.map(({ fields }) => fields), rows.map(([a, b]) => [`${a}.`, `${b}.`]));
      let line = 2;
      rows.forEach(([a, b], i) => {
        assertEquals(records[i].line, line);
        line += 1 + (a + b).split("\n").length - 1;
      });
    }),
    { seed: 1 },
  );
});

Deno.test("line ends of either kind, a byte order mark, empty lines and a missing last line end do not matter", () => {
  const { columns, records } = parse('\ufeffa,b\r\n\r\n1,"x\r\ny"\r\n\n2,z');
  assertEquals(columns, ["a", "b"]);
  assertEquals(records, [
    { line: 3, fields: ["1", "x\r\ny"] },
    { line: 6, fields: ["2", "z"] },
  ]);
});

Deno.test("a row that is broken is named by file and line", () => {
  const messageOf = (text: string) => assertThrows(() => readTable(text, "a.csv", ["seed"]), InputError).message;
  assertEquals(messageOf("seed,b\n1,2\n3\n"), "a.csv, line 3: 1 fields instead of the 2 of the header");
  assertEquals(messageOf('seed,b\n1,"2\n3,4\n').slice(0, 33), "a.csv, line 2: quotes do not matc");
  assertEquals(messageOf('seed,b\n1,x"2"\n').slice(0, 33), "a.csv, line 2: quotes do not matc");
  assertEquals(messageOf("a,b\n1,2\n"), 'a.csv, line 1: no column seed; its header is "a,b"');
  assertEquals(messageOf(""), "a.csv, line 1: no column seed; it is empty");
  assertEquals(messageOf("seed,b,b\n"), "a.csv, line 1: column b occurs twice");
});

Deno.test("every number that JavaScript writes is read as it was", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(fc.array(number, { minLength: 1 }), (values) => {
      assertEquals(numbers(values.map(String).join(" ")), values.map((value) => value === 0 ? 0 : value));
    }),
    { seed: 1 },
  );
  assertEquals(numbers("0.1 1 0.3333 -2.5e-7 123456789012345678"), [0.1, 1, 0.3333, -2.5e-7, 123456789012345678]);
});

Deno.test("what is no number is named by its place in the row", () => {
  for (
    const [field, item, text] of [["1 x", 2, "x"], ["1  2", 2, ""], ["1.", 1, "1."], [".5", 1, ".5"], ["1 2 ", 3, ""], [
      "1e999",
      1,
      "1e999",
    ], ["1.2.3", 1, "1.2.3"]] as const
  ) {
    const { message } = assertThrows(() => numbers(field), InputError);
    assertEquals(message, `a.csv, line 2: values: item ${item} is "${text}" but must be a number`);
  }
});

Deno.test("line ends of CR alone are read, and no message is as long as what it is about", () => {
  const long = "x".repeat(5000);
  const messageOf = (text: string, layouts?: string[][]) =>
    assertThrows(() => {
      const table = readTable(text, "a.csv", ["seed"], layouts);
      table.whole(table.records[0], "seed");
    }, InputError).message;
  assertEquals(readTable("seed,b\r1,2\r", "a.csv", []).records, [{ line: 2, fields: ["1", "2"] }]);
  const messages = [
    messageOf(`${long},b\n1,2\n`),
    messageOf(`seed\n${long}\n`),
    messageOf(`seed,${long},${long}\n`),
    messageOf(`${long}\n`, [["seed"]]),
    messageOf(`seed,b\n1,"${long}\n`),
    messageOf(`seed\n"\u001b[2J${"\n".repeat(200)}"\n`),
  ];
  for (const message of messages) {
    assertEquals(
      [message.length < 900, message.includes("\n"), message.includes("\u001b")],
      [true, false, false],
      message,
    );
  }
});
