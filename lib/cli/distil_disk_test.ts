import { assertEquals, assertRejects } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { InputError } from "#lib/errors.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import { llama } from "#lib/models/llama.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { diskBytes, expectDisk } from "./distil_disk.ts";

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
  const profile = await testProfile();
  const message = /out: the student and its checkpoints take .* and 1\.0 kB are free; name --out on another disk$/;
  const error = await assertRejects(
    () => expectDisk(`${folder}/a/out`, PLAYERS, profile, () => Promise.resolve(1000)),
    InputError,
  );
  assertEquals(message.test(error.message), true, error.message);
  await expectDisk(`${folder}/a/out`, PLAYERS, profile);
  assertEquals([...Deno.readDirSync(`${folder}/a`)], []);
});
