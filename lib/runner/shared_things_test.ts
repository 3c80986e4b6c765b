import { unreadOf } from "#lib/training/test_snapshots.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Made } from "#lib/bench/experiment.ts";
import { testProfile } from "#lib/bench/test_profile.ts";
import { Interrupted } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { type Present, presentOf } from "./freshness.ts";
import { Busy, SharedThings } from "./shared_things.ts";
import { sharedPath } from "./snapshot_file.ts";
import { UseTracer } from "./uses.ts";

const TEXTS = { owner: "llama", what: "texts" };
const TEACHER = { owner: "llama", what: "teacher" };
const profile = await testProfile();
const present = presentOf(profile, undefined, "A1");
const MADE: Made = { settings: { teacher: profile.teacher }, numerics: { lib: 1 } };

interface Opened {
  readonly things: SharedThings;
  readonly tracer: UseTracer;
  /** The file of some snapshot. */
  readonly path: string;
  readonly said: string[];
  readonly stop: AbortController;
}

/** A test of processes that work on one folder. */
function test(name: string, fn: (open: (change?: Partial<Present>) => Opened) => Promise<void>): void {
  testInFolder(name, async (resultsFolder) => {
    await fn((change) => {
      const [said, stop, tracer] = [[] as string[], new AbortController(), new UseTracer()];
      const say = (message: string) => void said.push(message);
      const policy = { present: { ...present, ...change }, tracer, stop: stop.signal, everyMs: 0, note: say };
      const place = { resultsFolder, profileName: "p" };
      return { things: new SharedThings(place, policy, say), path: sharedPath(place, TEXTS), tracer, said, stop };
    });
  });
}

test("what is shared is made once, under its name, by whoever asks first", async (open) => {
  const { things } = open();
  let made = 0;
  const make = () => Promise.resolve(++made);
  assertEquals(await Promise.all([things.once("a", make), things.once("a", make)]), [1, 1]);
  assertEquals([await things.once("b", make), await things.once("a", make), made], [2, 1, 2]);
});

test("what failed once fails again, and is not tried anew", async (open) => {
  const { things } = open();
  let tries = 0;
  const fail = () => (tries++, Promise.reject(new Error("no such teacher")));
  for (let i = 0; i < 2; i++) await assertRejects(() => things.once("teacher", fail), Error, "no such teacher");
  assertEquals(tries, 1);
});

test("what is taken out is found on the disk by whoever asks next, with its uses", async (open) => {
  const { things, tracer } = open();
  let made = 0;
  const teacher = () =>
    things.kept(TEACHER, MADE, () => {
      made++;
      tracer.usedKernel({ name: "matmul" });
      return Promise.resolve({ weights: [made] });
    });
  assertEquals(await things.forget(TEACHER), undefined);
  const first = await teacher();
  assertEquals(await things.forget(TEACHER), first);
  const { value, uses } = await tracer.trace(teacher);
  assertEquals([value, made, [...uses.kernels]], [first, 1, ["matmul"]]);
});

test("whoever asks for a shared thing has used its kernels and data, even if it was made before, in another process too", async (open) => {
  for (let i = 0; i < 2; i++) {
    const { things, tracer } = open();
    const teacher = () =>
      things.kept(TEACHER, MADE, () => {
        tracer.usedKernel({ name: "matmul" });
        tracer.add({ data: true });
        return Promise.resolve("trained");
      });
    for (let j = 0; j < 2; j++) {
      const { uses } = await tracer.trace(async () => [await teacher(), tracer.usedKernel({ name: "add" })]);
      assertEquals([...uses.kernels].sort(), ["add", "matmul"]);
      assertEquals([uses.data, [...uses.shared]], [true, ["llama: teacher"]]);
    }
  }
});

test("what is kept is there for the next run, for as long as nothing of what it was made of has changed", async (open) => {
  let made = 0;
  const numberOf = (changes: Partial<Made> = {}, now: Partial<Present> = {}) =>
    open(now).things.kept(TEACHER, { ...MADE, ...changes }, () => Promise.resolve(++made));
  assertEquals([await numberOf(), await numberOf()], [1, 1]);
  const other = { settings: { teacher: { ...profile.teacher, seed: 2 } } };
  assertEquals([await numberOf(other), await numberOf(other), await numberOf()], [2, 2, 3]);
  const bumped = { numerics: { lib: 2 } };
  assertEquals([await numberOf(bumped), await numberOf(bumped), await numberOf()], [4, 4, 5]);
  // Results of other code stay with their versions; what that has trained does not.
  assertEquals([await numberOf({}, { code: "other" }), await numberOf()], [6, 7]);
});

test("a snapshot that is saved when the run is to stop ends it, and is there", async (open) => {
  const { things, stop } = open();
  await things.trained(TEACHER, MADE, async (store) => {
    const snapshot = { step: 3, parts: { log: { values: [1], arrays: { page: Float32Array.of(1, 2) } } } };
    assertEquals([store.isDue(), await store.load()], [true, undefined]);
    await store.save(unreadOf(snapshot));
    stop.abort(new Interrupted("SIGTERM"));
    await assertRejects(() => store.save(unreadOf({ ...snapshot, step: 4 })), Interrupted);
    assertEquals(await store.load(), { ...snapshot, step: 4 });
  });
});

test("what is kept on the disk is made by one process, which the others wait for, or leave it for later", async (open) => {
  const [{ things: first }, { things: second, said }] = [open(), open()];
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<number>();
  const inFirst = first.kept(TEXTS, MADE, () => {
    started.resolve();
    return finish.promise;
  });
  await started.promise;
  const anew = () => Promise.reject(new Error("it is made twice"));
  second.waits = false;
  // Asked for within something else, that is not kept as failed either.
  for (let i = 0; i < 2; i++) {
    await assertRejects(() => second.once("states", () => second.kept(TEXTS, MADE, anew)), Busy);
  }
  second.waits = true;
  const inSecond = second.once("states", () => second.kept(TEXTS, MADE, anew));
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  finish.resolve(7);
  assertEquals([await inFirst, await inSecond], [7, 7]);
  assertEquals(said, ["waiting for another process that makes llama: texts"]);
});

test("how long a shared thing took is known to whoever finds it made", async (open) => {
  const { things: first } = open();
  await first.trained(TEACHER, MADE, async (store) => {
    const until = performance.now() + 200;
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1));
    await store.save({ step: 1, parts: {} });
  });
  const { things: second } = open();
  await second.trained(TEACHER, MADE, (store) => store.load());
  assert(second.timed.get("llama: teacher")!.seconds >= 0.2);
});

test("a cell is computed by one process at a time", async (open) => {
  const [{ things: first, path }, { things: second, said, stop }] = [open(), open()];
  const lock = await first.lock("kd/1", path, true);
  const waiting = second.lock("kd/1", path, true);
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stop.abort(new Interrupted("SIGTERM"));
  await assertRejects(() => waiting, Interrupted);
  lock[Symbol.dispose]();
  using _ = await second.lock("kd/1", path, true);
});
