import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { philox4x32 } from "./philox.ts";

const words = (hex: string) => hex.split(" ").map((word) => Number.parseInt(word, 16));
type Block = [number, number, number, number];
type Key = [number, number];

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
const KNOWN_ANSWERS = [
  ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
];

for (const [counter, key, expected] of KNOWN_ANSWERS) {
  Deno.test(`philox4x32 gives the Random123 known answer for counter ${counter.slice(0, 8)}…`, () => {
    assertEquals(philox4x32(words(counter) as Block, words(key) as Key), words(expected) as Block);
  });
}

Deno.test("philox4x32 returns unsigned 32-bit words for every counter and key", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
    for (const value of philox4x32(counter, key)) {
      assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, `${value} is no unsigned 32-bit word`);
    }
  }));
});

Deno.test("philox4x32 agrees with its definition in big integers", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
    assertEquals(philox4x32(counter, key), philoxInBigIntegers(counter, key));
  }));
});

function philoxInBigIntegers(counter: Block, key: Key): Block {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * c0;
    const product1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(product1 >> 32n) ^ c1 ^ k0, product1 & mask, (product0 >> 32n) ^ c3 ^ k1, product0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number) as Block;
}
