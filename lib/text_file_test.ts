import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { makeLink, testInFolder } from "#lib/test_folder.ts";
import { decodeStrictly, linesOf, readTextStrictly, readTextStrictlySync } from "./text_file.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const utf16 = (text: string, order: "le" | "be") =>
  Uint8Array.from(text, (letter) => letter.charCodeAt(0)).reduce<number[]>(
    (bytes, byte) => [...bytes, ...(order === "le" ? [byte, 0] : [0, byte])],
    [],
  );
const refuses = (bytes: Iterable<number>, message: string) => {
  const error = assertThrows(() => decodeStrictly(Uint8Array.from(bytes), "f.txt"), InputError, message);
  assert(!error.message.includes("\n"), error.message);
};

Deno.test("UTF-8 comes through as it is, a byte order mark left out", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(text, (text) => {
    fc.pre(!text.startsWith("\ufeff") && !text.includes("\0"));
    const bytes = new TextEncoder().encode(text);
    assertEquals(decodeStrictly(bytes, "f"), text);
    assertEquals(decodeStrictly(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes), "f"), text);
  }));
  assertEquals(decodeStrictly(new Uint8Array(), "f"), "");
});

Deno.test("the first byte that is not UTF-8 is named with its line and place", () => {
  refuses(latin1("one\ntwo\nf\xfcnf\n"), "f.txt, line 3, byte 2: 0xfc is not UTF-8; save the file as UTF-8");
  refuses(latin1("one\r\n\r\n\xe9"), "line 3, byte 1: 0xe9");
  refuses(latin1("one\rtwo\r\xe4"), "line 3, byte 1: 0xe4");
  refuses(latin1("caf\xe9"), "line 1, byte 4: 0xe9"); // ends within a sequence
  refuses([...new TextEncoder().encode("ü\n東"), 0x80], "line 2, byte 4: 0x80");
  refuses([0x61, 0xed, 0xa0, 0x80], "line 1, byte 2: 0xed"); // a surrogate
  refuses([0xc0, 0xaf], "byte 1: 0xc0"); // longer than need be
  refuses([0xf4, 0x90, 0x80, 0x80], "byte 1: 0xf4"); // over U+10FFFF
});

Deno.test("bytes are refused just where the decoder refuses them", () => {
  const piece = fc.constantFrom([0x61], [0xc3, 0xa4], [0xe6, 0x9d, 0xb1], [0xf0, 0x9f, 0x8e, 0x89], [0xe4], [0x80]);
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const bytes = Uint8Array.from(pieces.flat());
    const isValid = (part: Uint8Array) => {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(part).length >= 0;
      } catch {
        return false;
      }
    };
    if (isValid(bytes)) return;
    const { message } = assertThrows(() => decodeStrictly(bytes, "f"), InputError);
    const at = Number(/byte (\d+)/.exec(message)![1]) - 1;
    assert(isValid(bytes.subarray(0, at)) && !isValid(bytes.subarray(0, at + 4)), message);
  }));
});

Deno.test("what is not UTF-8 text at all is named", () => {
  refuses([0xff, 0xfe, ...utf16("hi", "le")], "f.txt: the text is UTF-16; save it as UTF-8");
  refuses(utf16('{"a": 1}', "le"), "the text is UTF-16LE");
  refuses(utf16('{"a": 1}', "be"), "the text is UTF-16BE");
  refuses([0x1f, 0x8b, 8, 0], "the file is compressed (gzip)");
  refuses([...latin1("PAR1"), 0xff], "the file is a Parquet file");
  refuses([...latin1("PK\x03\x04"), 0xff], "the file is a zip archive");
});

Deno.test("lines end with LF, CRLF or, where the first does, CR", () => {
  assertEquals(linesOf("a\nb\rc\n"), ["a", "b\rc", ""]);
  assertEquals(linesOf("a\r\nb\r\n"), ["a", "b", ""]);
  assertEquals(linesOf("a\rb\r\nc\rd"), ["a", "b", "c", "d"]);
  assertEquals([linesOf("").length, linesOf("a\r")], [1, ["a", ""]]);
});

testInFolder("a file that cannot be read is refused with the cause", async (folder) => {
  await Deno.writeTextFile(`${folder}/a.txt`, "\ufeffä\n");
  assertEquals([await readTextStrictly(`${folder}/a.txt`), readTextStrictlySync(`${folder}/a.txt`)], ["ä\n", "ä\n"]);
  await makeLink(`${folder}/loop`, "loop");
  await makeLink(`${folder}/gone`, "none.txt");
  const refused: [name: string, message: string][] = [
    ["none.txt", "/none.txt: there is no such file"],
    ["", ": it is a folder, not a file"],
    ["loop", "/loop: the link leads back to itself"],
    ["gone", "/gone: the link leads nowhere"],
  ];
  for (const [name, message] of refused) {
    await assertRejects(() => readTextStrictly(`${folder}/${name}`), InputError, message);
    assertThrows(() => readTextStrictlySync(`${folder}/${name}`), InputError, message);
  }
});

Deno.test("a file that is more than a text may have is refused with its size", () => {
  const spaces = new Uint8Array(600e6).fill(0x20);
  const message = "a.jsonl: it has 600 MB, and a text 537 MB at most; split it";
  assertThrows(() => decodeStrictly(spaces, "a.jsonl"), InputError, message);
  spaces[7] = 0xff;
  assertThrows(() => decodeStrictly(spaces.subarray(0, 9), "a.jsonl"), InputError, "a.jsonl, line 1, byte 8");
});
