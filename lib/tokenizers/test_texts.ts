import fc from "fast-check";

/** Texts of any code points, for tests that hold for every text. */
export const anyText = fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 12 })
  .map((codePoints) => String.fromCodePoint(...codePoints).toWellFormed());
