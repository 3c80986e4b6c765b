import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { testInFolder } from "#lib/test_folder.ts";
import {
  byRepository,
  foldersOf,
  missingReferences,
  type NamedThing,
  pinProfile,
  splitHubPath,
} from "./pinned_profile.ts";

const STORIES = decodeURIComponent(new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname);

async function copyOf(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  for (const { name } of Deno.readDirSync(STORIES)) await Deno.copyFile(`${STORIES}/${name}`, `${folder}/${name}`);
  return folder;
}

const profileOf = (teacher: string, student: string) => {
  const training = "training: {steps: 1, learningRate: 1, warmupSteps: 0}";
  const files = "{train: org/data/raw.jsonl, validationRecords: 1, evaluation: {dolly: org/data/valid.jsonl}}";
  return testProfile(
    `teacher={checkpoint: ${teacher}, ${training}, seed: 1}`,
    `student={checkpoint: ${student}, ${training}}`,
    `data.files=${files}`,
  );
};

testInFolder(
  "a folder stands in a profile by its files, wherever it lies; what is not here stays as it is named",
  async (folder) => {
    const [one, other] = [await copyOf(`${folder}/one`), await copyOf(`${folder}/other`)];
    const { profile, named } = await pinProfile(await profileOf(one, "other"), { caller: folder });
    assertMatch(profile.teacher.checkpoint!, /^folder [0-9a-f]+$/);
    assertEquals(profile.student.checkpoint, profile.teacher.checkpoint);
    assertEquals(profile.places?.[profile.teacher.checkpoint!], other);
    assertEquals(profile.data.files?.train, "org/data/raw.jsonl");
    assertEquals(named.map(({ setting, path, problem }) => [setting, path ?? typeof problem]), [
      ["data.files.train", "string"],
      ["data.files.evaluation.dolly", "string"],
      ["teacher.checkpoint", one],
      ["student.checkpoint", other],
    ]);
    assertEquals(foldersOf(named), [one, other]);
    await Deno.writeTextFile(`${other}/config.json`, `${await Deno.readTextFile(`${other}/config.json`)}\n`);
    const changed = await pinProfile(await profileOf(one, other), { hasOtherData: true });
    assertEquals(changed.profile.student.checkpoint === profile.student.checkpoint, false);
    assertEquals([changed.profile.data.files, changed.named.length], [undefined, 2]);
  },
);

Deno.test("a profile that names nothing is as it was", async () => {
  const profile = await testProfile();
  const pinned = await pinProfile(profile);
  assertEquals([pinned.profile === profile, pinned.named], [true, []]);
});

Deno.test("files of one data set are one thing to fetch, and repositories of the cache are read with their blobs", () => {
  const thing = (word: string, kind: NamedThing["kind"], more: Partial<NamedThing>): NamedThing => ({
    ...{ setting: "data.files.train", kind, word, pin: word, references: [] },
    ...more,
  });
  const missing = { problem: "./run fetch", references: ["datasets/org/data"] };
  const named = [
    thing("org/data/a.jsonl", "data", missing),
    thing("org/data/b/c.jsonl", "data", missing),
    thing("org/model", "model", { path: "/hub/models--org--model/snapshots/0123" }),
  ];
  assertEquals([...byRepository(named).keys()], ["org/data", "org/model"]);
  assertEquals(missingReferences(named), ["datasets/org/data"]);
  assertEquals(foldersOf(named), ["/hub/models--org--model"]);
  assertEquals(["org/data", "org/data@v1/a/b.jsonl"].map(splitHubPath), [["org/data", ""], [
    "org/data@v1",
    "a/b.jsonl",
  ]]);
  assertThrows(() => splitHubPath("data"), RangeError);
});
