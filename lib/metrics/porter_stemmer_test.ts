import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { porterStem } from "./porter_stemmer.ts";

const fixture = new URL("../verification/fixtures/metrics/porter.tsv", import.meta.url);

// NLTK 3.10.3: from nltk.stem.porter import PorterStemmer; PorterStemmer().stem(word)
const RECORDED = `
caresses caress, ponies poni, ties tie, cats cat, feed feed, agreed agre, plastered plaster, bled bled,
motoring motor, sing sing, conflated conflat, troubled troubl, sized size, hopping hop, tanned tan, falling fall,
hissing hiss, fizzed fizz, failing fail, filing file, happy happi, sky sky, skies sky, enjoy enjoy, by by,
say say, relational relat, conditional condit, rational ration, valency valenc, hesitancy hesit, digitizer digit,
conformably conform, radically radic, differently differ, vilely vile, analogously analog,
vietnamization vietnam, predication predic, operator oper, feudalism feudal, decisiveness decis,
hopefulness hope, callousness callous, formality formal, sensitivity sensit, sensibility sensibl,
triplicate triplic, formative form, formalize formal, electricity electr, electrical electr, hopeful hope,
goodness good, revival reviv, allowance allow, inference infer, airliner airlin, gyroscopic gyroscop,
adjustable adjust, defensible defens, irritant irrit, replacement replac, adjustment adjust, dependent depend,
adoption adopt, homologous homolog, communism commun, activate activ, angularity angular, effective effect,
bowdlerize bowdler, probate probat, rate rate, cease ceas, controlling control, roll roll, dying die, lying lie,
news news, innings inning, proceed proceed, died die, spied spi, spies spi, flies fli, yielding yield, owed owe,
aged age, use use, ions ion, oed o, geology geolog, theology theolog, usefully use, carefully care,
possibly possibl, generalizations gener, oscillators oscil, is is, as as, a a, Running run, CONNECTIONS connect,
y2k y2k, 1990s 1990, eeing ee, eyed eye, dyed dy, yyy yyy, abbey abbey, crying cri
`;

Deno.test("words stem as NLTK recorded them, by every rule and exception", () => {
  const pairs = RECORDED.trim().split(/,\s+/).map((pair) => pair.trim().split(" "));
  assertEquals(pairs.length, 112);
  for (const [word, stem] of pairs) assertEquals(porterStem(word), stem, word);
});

Deno.test("a stem is never empty and never longer than its word", () => {
  const ending = fc.constantFrom(
    "",
    "ing",
    "ed",
    "ational",
    "alli",
    "fulli",
    "ies",
    "ied",
    "bliti",
    "eed",
    "ll",
    "y",
    "s",
  );
  const word = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), ending).map((parts) => parts.join(""));
  fc.assert(fc.property(word, (word) => {
    const { length } = porterStem(word);
    assertEquals(length > 0 && length <= word.length, true, porterStem(word));
  }));
});

Deno.test("upper and lower case have the same stem", () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (word) => {
    assertEquals(porterStem(word.toUpperCase()), porterStem(word));
  }));
});

Deno.test("a very long word stems without a deep recursion", () => {
  assertEquals(porterStem("y".repeat(20_000)).length, 20_000);
});

Deno.test("all 2,000 words of the recorded list stem as recorded", () => {
  const rows = Deno.readTextFileSync(fixture).trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(rows.length, 2000);
  for (const [word, stem] of rows) assertEquals(porterStem(word), stem, word);
});
