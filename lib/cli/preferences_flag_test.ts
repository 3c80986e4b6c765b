import { assertEquals, assertRejects } from "@std/assert";
import { PREFERENCES } from "#lib/bench/preference_settings.ts";
import { TEST_SECTIONS } from "#lib/bench/test_profile.ts";
import { InputError } from "#lib/errors.ts";
import { formatPairs } from "#lib/preferences/pair_files.ts";
import { pairRecordOf } from "#lib/preferences/test_pairs.ts";
import { PLAIN } from "#lib/runner/test_experiment.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { chooseProfile, givenArguments } from "./results_flags.ts";

const FLAGS = { profile: "smoke", results: undefined, data: undefined, set: [] };
const withSections = (sections: typeof TEST_SECTIONS) => ({ experiments: [{ ...PLAIN, sections }] });

testInFolder(
  "--preferences puts the file and the digest of its pairs into the profile, and goes with the command",
  async (folder) => {
    const preferences = `${folder}/pairs.jsonl`;
    await Deno.writeTextFile(preferences, formatPairs([pairRecordOf()]));
    const chosen = await chooseProfile([], { ...FLAGS, preferences }, withSections(TEST_SECTIONS));
    const { file, digest } = PREFERENCES.of(chosen.profile);
    assertEquals([file, /^[0-9a-f]{16}$/.test(digest!)], [preferences, true]);
    assertEquals(givenArguments({ ...FLAGS, preferences }), ["--profile", "smoke", "--preferences", preferences]);
    const none = await chooseProfile([], { ...FLAGS, preferences: undefined }, withSections(TEST_SECTIONS));
    const ofNone = PREFERENCES.of(none.profile);
    assertEquals([ofNone.file, ofNone.digest], [null, null]);
  },
);

testInFolder("a wrong file, and a file that no experiment reads, are one line", async (folder) => {
  const preferences = `${folder}/pairs.jsonl`;
  await Deno.writeTextFile(preferences, `${formatPairs([pairRecordOf()])}{"prompt":"a","first":"b","second":"b"}\n`);
  const wrong = () => chooseProfile([], { ...FLAGS, preferences }, withSections(TEST_SECTIONS));
  await assertRejects(wrong, InputError, `${preferences}, line 2: "first" and "second" are the same text`);
  const others = TEST_SECTIONS.filter((section) => section !== PREFERENCES);
  // A profile that names no setting of the section, which nobody reads.
  const unread = () => chooseProfile([], { ...FLAGS, profile: "quick", preferences }, withSections(others));
  const { message } = await assertRejects(unread, InputError);
  assertEquals(message, `--preferences ${preferences}: no experiment of this program learns from preference pairs`);
});
