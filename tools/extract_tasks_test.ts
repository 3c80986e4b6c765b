import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { chooseMessages, parseMessages } from "./extract_compiler_messages.ts";
import { endpointPair, parseEndpointComments, plain } from "./extract_endpoint_summaries.ts";
import { askKinds, chooseKinds, type Kind } from "./extract_kinds.ts";
import { pairTable, readPackageFile, sameText, splitByHash, withoutRepeats } from "./extract_splits.ts";

Deno.test("compiler messages: those that are called for by key, short, translated and without markup", () => {
  const source =
    'diag(1002, 1 /* Error */, "Unterminated_1002", "Unterminated string literal."), diag(1003, 1 /* Error */, ' +
    '"Id_1003", "The name \\"x\\" is expected.", true), diag(1, 1 /* Error */, "Same_1", "ok to go"), diag(2, 1 /* Error */, "No_2", "not there yet")';
  const english = parseMessages(source);
  assertEquals([...english.values()].slice(0, 2), ["Unterminated string literal.", 'The name "x" is expected.']);
  const german = {
    Unterminated_1002: "Nicht  abgeschlossen.",
    Id_1003: "Bezeichner „x“ erwartet.",
    Same_1: "ok to go",
  };
  assertEquals(chooseMessages(english, german), [
    { source: "Unterminated string literal.", target: "Nicht abgeschlossen." },
    { source: 'The name "x" is expected.', target: 'Bezeichner "x" erwartet.' },
  ]);
  assertEquals(
    chooseMessages(new Map([["a", "x".repeat(60) + " aa aa"], ["b", "a &amp; bb cc"]]), { a: "y".repeat(91), b: "z" }),
    [],
  );
});

Deno.test("endpoint comments: the summary, and the first sentences of prose without markup", () => {
  const types =
    '/**\n * other\n */\nfoo: string;\n/**\n * List items\n * @description Lists the [items](http://x) of `a` team.\n *\n * More.\n */\nget: operations["x"];';
  const [comment, ...none] = parseEndpointComments(types);
  assertEquals(none, []);
  assertEquals(endpointPair(comment), { source: "Lists the items of a team.", target: "List items" });
  assertEquals(endpointPair("List items\n@description > [!NOTE]\n> soon\n\nLists all the items there are."), {
    source: "Lists all the items there are.",
    target: "List items",
  });
  assertEquals(endpointPair("Delete it"), undefined);
  assertEquals(endpointPair("List the items\n@description List the items."), undefined);
  assertEquals(plain("a **b** _c_ <d>e</d>"), "a b c e");
});

const PAIRS = [[{ name: "pet", lemma: "pet", sense: 1 }, { name: "tool", lemma: "tool", sense: 1 }]] as const;
const kind = (category: string) => (_: unknown, i: number): Kind => ({
  word: `${category}${i}`,
  meaning: `thing ${i} ${category}like`,
  category,
});

Deno.test("questions about kinds: as often yes as no for either category asked, the first asked three times in four", () => {
  const kinds = [...Array.from({ length: 200 }, kind("pet")), ...Array.from({ length: 170 }, kind("tool"))];
  const { train, validation, test } = askKinds(kinds, PAIRS);
  const words = [train, validation, test].flat().map(({ source }) => source.split("? ")[1]);
  assertEquals(new Set(words).size, words.length);
  for (const split of [train, validation, test]) {
    const asked = Map.groupBy(split, ({ source }) => source.split("?")[0]);
    assertEquals(asked.get("pet")!.length, 3 * asked.get("tool")!.length);
    for (const questions of asked.values()) {
      assertEquals(questions.filter(({ target }) => target === "yes").length, questions.length / 2);
    }
    for (const { source, target } of split) {
      assertEquals(target === "yes", source.includes(`${source.split("?")[0]}like`));
    }
  }
  assert(
    train.length > 250 && validation.length >= 8 && test.length >= 8,
    `${[train, validation, test].map(({ length }) => length)}`,
  );
});

Deno.test("kinds lie under one category alone, are no single things, and their glosses tell neither the category nor anything offensive", () => {
  const synsets = new Map(([
    ["1", "pet", [], "kept at home"],
    ["2", "tool", [], "for work"],
    ["9", "cats", ["1"], "small ones"],
    ["8", "hammers", ["2"], "heavy ones"],
    ["10", "tom", ["9"], "a male one indeed"],
    ["11", "claw", ["8"], "one that pulls nails"],
    ["12", "both", ["9", "8"], "one that is either"],
    ["13", "teller", ["9"], "a pet that talks"],
    ["14", "slurred", ["9"], "a small one (offensive)"],
    ["15", "direct", ["1"], "right below the top"],
    ["16", "short", ["9"], "two words"],
  ] as [string, string, string[], string][]).map(([offset, word, hypernyms, gloss]) => [
    offset,
    { words: [word], hypernyms, isInstance: false, gloss },
  ]));
  const senses = new Map(
    [["pet", "1"], ["tool", "2"]].map(([word, synset]) => [word, [{ number: 1, synset, tagCount: 0 }]]),
  );
  assertEquals(chooseKinds({ synsets, senses }, PAIRS, 10).map(({ word, category }) => [word, category]), [
    ["tom", "pet"],
    ["claw", "tool"],
  ]);
});

Deno.test("records are divided by their keys alone: one that comes or goes moves no other", () => {
  const records = Array.from({ length: 300 }, (_, i) => `record ${i}`);
  const shares = { validation: 0.1, test: 0.2 };
  const whole = splitByHash(records, (record) => record, shares);
  const fewer = splitByHash(records.slice(0, 200).reverse(), (record) => record, shares);
  for (const split of ["train", "validation", "test"] as const) {
    assertEquals(fewer[split], whole[split].filter((record) => Number(record.slice(7)) < 200));
  }
  assertEquals(whole.train.length + whole.validation.length + whole.test.length, 300);
  assert(
    whole.validation.length > 15 && whole.validation.length < 50 && whole.test.length > 40 && whole.test.length < 80,
  );
});

Deno.test("what is the same text is taken once, tables are lines of source and target, a missing package is told", () => {
  assertEquals(sameText(" A, b-C! "), "a b c");
  assertEquals(withoutRepeats(["A b", "a b!", "c"], sameText), ["A b", "c"]);
  assertEquals(pairTable([{ source: "a", target: "b" }]), "source\ttarget\na\tb\n");
  assertThrows(
    () => readPackageFile("no/such", "x/y.json", "x@1"),
    InputError,
    "no/such/x/y.json: there is no such file; install x@1",
  );
});
