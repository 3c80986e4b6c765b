import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { formatPairs, formatPairsAsCsv, formatPairsAsTrl, readPairFile } from "./pair_files.ts";
import type { PairRecord } from "./pair_record.ts";
import { pairRecordOf } from "./test_pairs.ts";

type Content = string | Uint8Array;

/** Reads a file of this content; the folder's name is not in what comes of it. */
async function read(folder: string, name: string, content: Content) {
  const path = `${folder}/${name}`;
  await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  const notes = new DataNotes();
  return { records: await readPairFile(path, notes), notes: notes.lines };
}

async function errorOf(folder: string, name: string, content: Content): Promise<string> {
  const { message } = await assertRejects(() => read(folder, name, content), InputError);
  assertEquals(message.includes("\n"), false, message);
  assert(message.length < 400, message);
  return message.replace(`${folder}/`, "");
}

const lines = (...values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const GOOD = pairRecordOf();
const PAIRS = [GOOD, pairRecordOf({ label: 0, round: 2 }), pairRecordOf({ label: 0.25, oracle: "judge", round: 0 })];

testInFolder("pairs.jsonl and its CSV are what a person reads, and give the pairs again", async (folder) => {
  assertEquals(
    formatPairs(PAIRS.slice(0, 1)),
    '{"prompt":"name a pet.","first":"a cat.","second":"a word.","label":1,"oracle":"metric","round":1}\n',
  );
  assertEquals(
    formatPairsAsCsv(PAIRS.slice(0, 1)),
    "prompt,first,second,label,oracle,round\nname a pet.,a cat.,a word.,1,metric,1\n",
  );
  for (const [name, format] of [["pairs.jsonl", formatPairs], ["pairs.csv", formatPairsAsCsv]] as const) {
    assertEquals(await read(folder, name, format(PAIRS)), { records: PAIRS, notes: [] });
  }
});

testInFolder(
  "every form is the same to the byte when it is read and written again, whatever the texts hold",
  async (folder) => {
    const odd = fc.constantFrom(
      "\n",
      "\r\n",
      "\r",
      '"',
      ",",
      "\ufeff",
      "\u2028",
      "\u202e",
      "\0",
      " ",
      "日本",
      "👩‍👩‍👧",
      "\\u{41}",
      "=1+1",
    );
    const text = fc.array(fc.oneof(odd, fc.string({ unit: "grapheme", maxLength: 4 })), { maxLength: 6 })
      .map((parts) => parts.join("")).filter((text) => text.trim() !== "" && text.isWellFormed());
    const label = fc.oneof(
      fc.constantFrom(0, 1, 0.5),
      fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
    );
    const pair = fc.record({ prompt: text, first: text, second: text, label, oracle: text, round: fc.nat() })
      .filter(({ first, second }) => first !== second);
    const learnable = (pairs: readonly PairRecord[]) => pairs.some(({ label }) => label !== 0.5);
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 5 }).filter(learnable), async (pairs) => {
        for (const [name, format] of [["pairs.jsonl", formatPairs], ["pairs.csv", formatPairsAsCsv]] as const) {
          const { records } = await read(folder, name, format(pairs));
          assertEquals(records, pairs, name);
          assertEquals(format(records), format(pairs), name);
        }
        const trl = formatPairsAsTrl(pairs);
        const { records } = await read(folder, "trl.jsonl", trl);
        assertEquals(formatPairsAsTrl(records), trl);
        assertEquals(records.length, pairs.filter(({ label }) => label !== 0.5).length);
      }),
      { numRuns: 25 },
    );
  },
);

testInFolder(
  "oracle and round may be missing, other fields are ignored, and blank lines, CRLF, a byte order mark and CR alone are read",
  async (folder) => {
    const { prompt, first, second } = GOOD;
    const given = { ...GOOD, oracle: "given", round: 0 };
    const line = JSON.stringify({ id: 7, prompt, first, second, label: 1 });
    const other = { ...given, label: 0 };
    for (const text of [`${line}\r\n\r\n`, `\ufeff\n${line}\n`, `${line}\r`]) {
      const { records } = await read(folder, "a.jsonl", `${text}${line.replace('"label":1', '"label":-0.0')}`);
      assertEquals(records, [given, other]);
      assert(!Object.is(records[1].label, -0));
    }
    for (const end of ["\n", "\r\n", "\r"]) {
      const rows = [
        "label,second,first,prompt,who",
        `1,${second},${first},${prompt},me`,
        `0,${second},${first},${prompt},me`,
      ];
      assertEquals((await read(folder, "a.csv", rows.join(end))).records, [given, other]);
    }
  },
);

testInFolder(
  "a wrong line of JSON is one line that names file and line, what is there and what would be right",
  async (folder) => {
    const { prompt: _, ...promptless } = GOOD;
    const { label: __, ...unlabelled } = GOOD;
    const cases: [line: string, message: string][] = [
      ["{", "it is no JSON object on one line: "],
      ['["a"]', "it is a list but must be a JSON object"],
      [JSON.stringify(promptless), '"prompt" is missing but must be a text'],
      [JSON.stringify({ ...GOOD, prompt: { instruction: "a" } }), '"prompt" is an object but must be a text'],
      [JSON.stringify({ ...GOOD, first: "" }), '"first" is empty but must be a text'],
      [JSON.stringify({ ...GOOD, second: " \n" }), '"second" is empty but must be a text'],
      [JSON.stringify({ ...GOOD, second: 3 }), '"second" is 3 but must be a text'],
      [JSON.stringify({ ...GOOD, second: GOOD.first }), '"first" and "second" are the same text'],
      [
        '{"prompt":"a","first":"b\\ud800","second":"c","label":1}',
        '"first" has half of a character (a lone surrogate)',
      ],
      [JSON.stringify(unlabelled), '"label" is missing but must be a number from 0 (the second text is better) to 1'],
      [JSON.stringify({ ...GOOD, label: 2 }), '"label" is 2 but must be a number from 0'],
      [JSON.stringify({ ...GOOD, label: -0.1 }), '"label" is -0.1 but must be'],
      [JSON.stringify({ ...GOOD, label: "1" }), '"label" is a text but must be'],
      [JSON.stringify({ ...GOOD, label: true }), '"label" is true but must be'],
      [JSON.stringify({ ...GOOD, oracle: "" }), '"oracle" is empty but must be a text that says who preferred'],
      [JSON.stringify({ ...GOOD, round: 1.5 }), '"round" is 1.5 but must be a whole number, 0 or more'],
      [JSON.stringify({ ...GOOD, round: -1 }), '"round" is -1 but must be'],
      [`${JSON.stringify(GOOD).slice(0, -1)},"label":0}`, 'the key "label" occurs twice in one object'],
      [
        JSON.stringify({ ...GOOD, chosen: "a", rejected: "b" }),
        'it has "first" or "second" beside "chosen" or "rejected"',
      ],
    ];
    for (const [line, message] of cases) {
      const found = await errorOf(folder, "p.jsonl", `${lines(GOOD)}\n${line}\n`);
      assertEquals(found.slice(0, 17 + message.length), `p.jsonl, line 3: ${message}`);
    }
  },
);

testInFolder("a wrong CSV is one line that names file and line or column", async (folder) => {
  const header = "prompt,first,second,label,oracle,round";
  const cases: [text: string, message: string][] = [
    ["", "p.csv, line 1: no column prompt or first or second or label; it is empty"],
    [
      `${header}\n`,
      "p.csv: it has no pairs; expected prompt, first, second, label, oracle, round, or prompt, chosen, rejected",
    ],
    [
      "prompt;first;second;label\na;b;c;1\n",
      'p.csv, line 1: no column prompt or first or second or label; its header is "prompt;',
    ],
    ["prompt,first,label\na,b,1\n", "p.csv, line 1: no column second"],
    ["prompt,chosen\na,b\n", "p.csv, line 1: no column rejected"],
    [`${header},label\na,b,c,1,me,1,0\n`, "p.csv, line 1: column label occurs twice"],
    [`${header}\na,b,c,1,me\n`, "p.csv, line 2: 5 fields instead of the 6 of the header"],
    [`${header}\n"a\n\nb",b,c,1,me,1\na,b,c,yes,me,1\n`, 'p.csv, line 5: label is "yes" but must be a number'],
    [`${header}\na,b,c,2,me,1\n`, 'p.csv, line 2: "label" is 2 but must be'],
    [`${header}\na,b,b,1,me,1\n`, 'p.csv, line 2: "first" and "second" are the same text'],
    [`${header}\na,,b,1,me,1\n`, 'p.csv, line 2: "first" is empty'],
    [`${header}\na,b,c,1,me,x\n`, 'p.csv, line 2: round is "x" but must be a whole number'],
    [`${header}\na,b,c,1,,1\n`, 'p.csv, line 2: "oracle" is empty'],
    [`${header}\na,"b"c,d,1,me,1\n`, "p.csv, line 2: quotes do not match"],
  ];
  for (const [text, message] of cases) {
    const found = await errorOf(folder, "p.csv", text);
    assertEquals(found.slice(0, message.length), message);
  }
});

testInFolder(
  "a file that cannot be read says so: bytes that are no UTF-8, other forms, other endings, none at all",
  async (folder) => {
    const latin1 = Uint8Array.from(`${lines(GOOD)}{"prompt":"für"}`, (letter) => letter.charCodeAt(0));
    const line = await errorOf(folder, "p.jsonl", latin1);
    assertEquals(line.slice(0, 45), "p.jsonl, line 2, byte 13: 0xfc is not UTF-8; ");
    assertEquals(
      await errorOf(folder, "p.parquet", "PAR1\x15\x04"),
      "p.parquet: pairs are read from files that end with .jsonl, .ndjson, .json, .csv",
    );
    assertEquals(
      await errorOf(folder, "p.jsonl.gz", Uint8Array.of(0x1f, 0x8b, 8)),
      "p.jsonl.gz: the file is compressed (gzip); unpack it",
    );
    assertEquals(
      await errorOf(folder, "p.json", `[${JSON.stringify(GOOD)}]`),
      "p.json: it is a JSON list; write its objects one a line, as jq -c '.[]' does",
    );
    assertEquals(
      await errorOf(folder, "p.jsonl", " \n\n"),
      "p.jsonl: it has no pairs; expected prompt, first, second, label, oracle, round, or prompt, chosen, rejected",
    );
    const { message } = await assertRejects(() => readPairFile(`${folder}/none.jsonl`, new DataNotes()), InputError);
    assertEquals(message, `${folder}/none.jsonl: there is no such file`);
  },
);

testInFolder("ties alone are refused, and other labels that are all the same are noted", async (folder) => {
  const tie = { ...GOOD, label: 0.5 };
  assertEquals(
    await errorOf(folder, "p.jsonl", lines(tie, tie)),
    "p.jsonl: every pair is a tie (label 0.5), from which nothing can be learned",
  );
  const { records, notes } = await read(folder, "p.jsonl", lines(GOOD, GOOD));
  assertEquals(notes, ["preferences: 2 of 2 pairs have the label 1: no other is there."]);
  assertEquals(records.length, 2);
  assertEquals((await read(folder, "p.jsonl", lines(GOOD, tie))).notes, []);
});
