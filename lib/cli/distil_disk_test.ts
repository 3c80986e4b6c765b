import { assertEquals, assertRejects } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { InputError } from "#lib/errors.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import { llama } from "#lib/models/llama.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { diskBytes, expectDisk, runNeed } from "./distil_disk.ts";

const configOf = (hiddenSize: number) =>
  llama.smallConfig({ hiddenSize, numLayers: 1, numHeads: 1, vocabSize: 64, maxPositions: 32 });
const PLAYERS = { teacher: { config: configOf(32) }, student: { config: configOf(16) } };
const [OF_TEACHER, OF_STUDENT] = [PLAYERS.teacher, PLAYERS.student].map(({ config }) => parameterCount(config));

Deno.test("the disk holds the student, a snapshot of each training, and the one that is being written", async () => {
  assertEquals(diskBytes(PLAYERS, await testProfile()), (4 + 12 + 12) * OF_STUDENT + (12 + 12) * OF_TEACHER);
  const tuned = await testProfile("teacher.training.steps=0", "student.training.steps=0");
  assertEquals(diskBytes(PLAYERS, tuned), (4 + 12 + 12) * OF_STUDENT);
});

testInFolder("a disk that is too small is refused, and the folder is left as it was", async (folder) => {
  const need = runNeed(`${folder}/a/out`, PLAYERS, await testProfile());
  const message = /out: the student and its checkpoints take .* and 1\.0 kB are free; name --out on another disk$/;
  const error = await assertRejects(
    () => expectDisk([need], () => Promise.resolve({ disk: 1, free: 1000 })),
    InputError,
  );
  assertEquals(message.test(error.message), true, error.message);
  await expectDisk([need]);
  assertEquals([...Deno.readDirSync(folder)], []);
});

Deno.test("what goes to one disk must fit there together, and to two disks apart", async () => {
  const own = { folder: "out", bytes: 700, what: "the student", remedy: "name another" };
  const needs = [own, { ...own, folder: "cache", bytes: 400, what: "tokens" }];
  const roomsOf = (disks: Readonly<Record<string, number | null>>) => (folder: string) =>
    Promise.resolve({ disk: disks[folder], free: 1000 });
  const error = await assertRejects(() => expectDisk(needs, roomsOf({ out: 1, cache: 1 })), InputError);
  assertEquals(error.message, "out: the student and tokens take 1.1 kB and 1.0 kB are free; name another");
  await expectDisk(needs, roomsOf({ out: 1, cache: 2 }));
  await expectDisk(needs, roomsOf({ out: null, cache: null }));
});
