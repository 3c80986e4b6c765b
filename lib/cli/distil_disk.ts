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

/** What is to be written below a folder, which need not be there yet. */
export interface DiskNeed {
  readonly folder: string;
  readonly bytes: number;
  /** As in `the student and its checkpoints`. */
  readonly what: string;
  /** What to do where there is no room. */
  readonly remedy: string;
}

/** What a run needs of the disk of its folder. */
export function runNeed(folder: string, players: Players, profile: Profile): DiskNeed {
  return {
    folder,
    bytes: diskBytes(players, profile),
    what: "the student and its checkpoints",
    remedy: "name --out on another disk",
  };
}

/** A disk, by what the system calls it where it says that, and its free bytes. */
interface Room {
  readonly disk: number | null;
  readonly free: number | undefined;
}

/** @throws {InputError} where a disk has not room for all that is to be written to it */
export async function expectDisk(
  needs: readonly DiskNeed[],
  roomOf: (folder: string) => Promise<Room> = roomAt,
): Promise<void> {
  const rooms: Room[] = [];
  for (const { folder } of needs) rooms.push(await roomOf(folder));
  needs.forEach(({ folder, remedy }, i) => {
    const { disk, free } = rooms[i];
    const together = needs.filter((_, other) => other === i || (disk !== null && rooms[other].disk === disk));
    const needed = together.reduce((sum, { bytes }) => sum + bytes, 0);
    if (free === undefined || needed <= free) return;
    throw new InputError(
      `${folder}: ${together.map(({ what }) => what).join(" and ")} take ${formatBytes(needed)} and ${
        formatBytes(free)
      } are free; ${remedy}`,
    );
  });
}

/** Where a folder is, or will be: it is made for as long as the question takes, since no other may be read. */
async function roomAt(folder: string): Promise<Room> {
  if (isFolder(folder)) return await roomHere(folder);
  const made = await missingFrom(folder);
  await Deno.mkdir(folder, { recursive: true });
  try {
    return await roomHere(folder);
  } finally {
    for (const each of made) await Deno.remove(each);
  }
}

/** A folder that is not there, and those that it would be in, the innermost first, as far as this process may look. */
async function missingFrom(folder: string): Promise<string[]> {
  const missing = [folder];
  for (let path = above(folder); path !== ""; path = above(path)) {
    const { state } = await Deno.permissions.query({ name: "write", path });
    if (state !== "granted" || isFolder(path)) break;
    missing.push(path);
  }
  return missing;
}

function above(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

async function roomHere(folder: string): Promise<Room> {
  return { disk: (await Deno.stat(folder)).dev, free: await freeBytes(folder) };
}
