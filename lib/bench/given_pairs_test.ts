import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { INSTRUCTION_LIMITS } from "#lib/preferences/encode_pairs.ts";
import { formatPairs, formatPairsAsCsv } from "#lib/preferences/pair_files.ts";
import { codec, pairRecordOf, PROMPTS, say } from "#lib/preferences/test_pairs.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { givenPairs, settingsOfPairs } from "./given_pairs.ts";
import { PREFERENCES } from "./preference_settings.ts";
import { loadProfile, type Profile } from "./profile.ts";
import { profileSchema } from "./profile_schema.ts";
import { TEST_SECTIONS } from "./test_profile.ts";

const SCHEMA = profileSchema(TEST_SECTIONS);
const LIMITS = { maxPromptTokens: 64, longPrompts: "drop", maxNewTokens: 32, settings: INSTRUCTION_LIMITS } as const;
const PAIRS = [pairRecordOf(), pairRecordOf({ label: 0.25, prompt: "name a cat." })];

const countingIn = (profile: Profile) => PREFERENCES.counting!(PREFERENCES.of(profile), profile);

async function profileWith(path: string, text: string): Promise<Profile> {
  await Deno.writeTextFile(path, text);
  return await loadProfile("smoke", SCHEMA, await settingsOfPairs(path));
}

testInFolder(
  "a profile that names a file of pairs has them in tokens, with source, number and losses for provenance",
  async (folder) => {
    const path = `${folder}/my "pairs" = 1.jsonl`;
    const given = await givenPairs(PREFERENCES.of(await profileWith(path, formatPairs(PAIRS))), codec, LIMITS);
    assertEquals(given!.pairs.map(({ label }) => label), [1, 0.25]);
    assertEquals([given!.pairs[0].prompt, given!.pairs[0].texts], [PROMPTS[1], [say("a cat."), say("a word.")]]);
    const notes = ['preferences: 1 of 2 prompts are not among those of the training data, first "name a cat.".'];
    assertEquals(given!.description, { source: path, pairs: 2, notes });
  },
);

testInFolder("one that names none has none", async () => {
  const profile = await loadProfile("smoke", SCHEMA);
  assertEquals(await givenPairs(PREFERENCES.of(profile), codec, LIMITS), undefined);
  const { digest, ...drawing } = countingIn(profile) as { digest?: string };
  assertEquals([digest, "file" in drawing], [null, false]);
});

testInFolder(
  "which pairs there are counts, not where they are, in which form, or between which blank lines",
  async (folder) => {
    const counting = async (name: string, text: string) => countingIn(await profileWith(`${folder}/${name}`, text));
    const first = await counting("a.jsonl", formatPairs(PAIRS));
    assertEquals(await counting("b.csv", formatPairsAsCsv(PAIRS)), first);
    assertEquals(await counting("c.json", `\n${formatPairs(PAIRS).replaceAll("\n", "\r\n\r\n")}`), first);
    assertNotEquals(await counting("a.jsonl", formatPairs([...PAIRS].reverse())), first);
    assertNotEquals(await counting("a.jsonl", formatPairs([PAIRS[0], pairRecordOf({ label: 0 })])), first);
  },
);

testInFolder("a wrong file shows at once, one that changed when it is read again", async (folder) => {
  const path = `${folder}/a.jsonl`;
  await assertRejects(() => settingsOfPairs(path), InputError, "a.jsonl: there is no such file");
  await assertRejects(() => profileWith(path, "{}\n"), InputError, 'a.jsonl, line 1: "prompt" is missing');
  const profile = await profileWith(path, formatPairs(PAIRS));
  await Deno.writeTextFile(path, formatPairs(PAIRS.slice(1)));
  const again = () => givenPairs(PREFERENCES.of(profile), codec, LIMITS);
  await assertRejects(again, InputError, "it has changed since this run began");
});

testInFolder("pairs of which none is within the limits are called by their file", async (folder) => {
  const path = `${folder}/a.jsonl`;
  const settings = PREFERENCES.of(await profileWith(path, formatPairs(PAIRS)));
  const { message } = await assertRejects(
    () => givenPairs(settings, codec, { ...LIMITS, maxNewTokens: 1 }),
    InputError,
  );
  assertEquals(
    message.slice(0, path.length + 40),
    `${path}: all texts are longer than 1 tokens, or`.slice(0, path.length + 40),
  );
});

testInFolder("who the judge is counts where it is asked, and one must be named there", async () => {
  const judge = ["judge.url=http://localhost:1/v1", "judge.model=m", "judge.parallel=2"];
  const load = async (...settings: string[]) => countingIn(await loadProfile("smoke", SCHEMA, settings));
  const asked = { url: "http://localhost:1/v1", model: "m", temperature: 0, maxItems: null };
  assertEquals("judge" in await load(...judge), false);
  assertEquals((await load(...judge, "preferences.oracle=judge") as { judge?: object }).judge, asked);
  await assertRejects(
    () => load("preferences.oracle=judge"),
    InputError,
    'preferences.oracle is "judge"; needs the address of a judge: --set judge.url=http://localhost:8080/v1',
  );
});

testInFolder("a file that is set without its digest is refused", async () => {
  const load = () => loadProfile("smoke", SCHEMA, ["preferences.file=pairs.jsonl"]);
  const { message } = await assertRejects(load, InputError);
  assertEquals(
    message,
    '--set preferences.file=pairs.jsonl: preferences.file is "pairs.jsonl"; name a file of pairs by --preferences FILE',
  );
});

testInFolder("pairs that an oracle cannot label, or too few for a round, are refused", async () => {
  const refused = async (message: string, ...settings: string[]) =>
    await assertRejects(() => loadProfile("smoke", SCHEMA, settings), InputError, message);
  await refused(
    "must be teacher where oracle is teacherWins",
    ...["preferences.oracle=teacherWins", "preferences.against=itself"],
  );
  await refused("must be at least 8: 2 prompts of 2 in each round", "preferences.pairs=7");
});
