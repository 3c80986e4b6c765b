import type { Profile } from "#lib/bench/profile.ts";
import { formatBytes } from "#lib/byte_count.ts";
import { isFolder } from "#lib/data/folder_names.ts";
import { InputError } from "#lib/errors.ts";
import { freeBytes } from "#lib/hub/free_space.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";

/** Bytes of a parameter in a model's file, and in a snapshot of its training: itself and AdamW's two moments. */
const MODEL_BYTES = 4;
const SNAPSHOT_BYTES = 12;

/** Who is read and trained. */
interface Players {
  readonly teacher: { readonly config: ModelConfig } | undefined;
  readonly student: { readonly config: ModelConfig };
}

/** The most that a run has on the disk at once: the student, a snapshot of each training, and one that is being written. */
export function diskBytes({ teacher, student }: Players, profile: Profile): number {
  const ofStudent = parameterCount(student.config);
  const snapshots = [
    ...(teacher && profile.teacher.training.steps > 0 ? [SNAPSHOT_BYTES * parameterCount(teacher.config)] : []),
    ...(profile.student.training.steps > 0 ? [SNAPSHOT_BYTES * ofStudent] : []),
    SNAPSHOT_BYTES * ofStudent,
  ];
  return snapshots.reduce((sum, bytes) => sum + bytes, 0) + Math.max(...snapshots) + MODEL_BYTES * ofStudent;
}

/** @throws {InputError} where the disk of a folder, which need not be there yet, has not so much room */
export async function expectDisk(
  folder: string,
  subject: Players,
  profile: Profile,
  freeOf: (folder: string) => Promise<number | undefined> = freeAt,
): Promise<void> {
  const needed = diskBytes(subject, profile);
  const free = await freeOf(folder);
  if (free === undefined || needed <= free) return;
  throw new InputError(
    `${folder}: the student and its checkpoints take ${formatBytes(needed)} and ${
      formatBytes(free)
    } are free; name --out on another disk`,
  );
}

/** What is free where a folder is, or will be: it is made for as long as the question takes, since no other may be read. */
async function freeAt(folder: string): Promise<number | undefined> {
  if (isFolder(folder)) return await freeBytes(folder);
  await Deno.mkdir(folder, { recursive: true });
  try {
    return await freeBytes(folder);
  } finally {
    await Deno.remove(folder);
  }
}
