import { assert, assertEquals, assertRejects } from "@std/assert";
import { testProfile } from "#lib/bench/test_profile.ts";
import { Interrupted } from "#lib/errors.ts";
import { cellsOf } from "./cell.ts";
import { Busy, OpenRun } from "./open_run.ts";
import type { TestProfile } from "#lib/bench/test_profile.ts";
import { presentOf } from "./present.ts";
import { PLAIN } from "./test_experiment.ts";

const [cell] = cellsOf(PLAIN, { seeds: [1] });

interface Opened {
  readonly run: OpenRun;
  readonly said: string[];
  readonly stop: AbortController;
}

function test(name: string, fn: (open: (...settings: string[]) => Promise<Opened>) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeResources: false,
    async fn() {
      const resultsFolder = await Deno.makeTempDir();
      const opened: OpenRun[] = [];
      try {
        await fn(async (...settings) => {
          const [said, stop] = [[] as string[], new AbortController()];
          const say = (message: string) => void said.push(message);
          const options = { resultsFolder, profileName: "p", stop: stop.signal, checkpointSeconds: 0 };
          const run = await OpenRun.open({ ...options, say, note: say, progress() {} });
          run.present = await presentOf(await testProfile(...settings), undefined, run.adapter);
          opened.push(run);
          return { run, said, stop };
        });
      } finally {
        for (const run of opened) await run[Symbol.asyncDispose]();
        await Deno.remove(resultsFolder, { recursive: true });
      }
    },
  });
}

test("what is shared is made once, under its name, by whoever asks first", async (open) => {
  const { run } = await open();
  let made = 0;
  const make = () => Promise.resolve(++made);
  assertEquals(await Promise.all([run.once("a", make), run.once("a", make)]), [1, 1]);
  assertEquals([await run.once("b", make), await run.once("a", make), made], [2, 1, 2]);
});

test("what failed once fails again, and is not tried anew", async (open) => {
  const { run } = await open();
  let tries = 0;
  const fail = () => (tries++, Promise.reject(new Error("no such teacher")));
  for (let i = 0; i < 2; i++) await assertRejects(() => run.once("teacher", fail), Error, "no such teacher");
  assertEquals(tries, 1);
});

test("whoever asks for a shared thing depends on what it was made of, even if it was made before", async (open) => {
  const { run } = await open();
  const { profile, once } = run.contextOf(cell);
  const teacher = () => once("teacher", () => Promise.resolve(profile.teacher.seed));
  for (let i = 0; i < 2; i++) {
    const { uses } = await run.tracer.trace(async () => [await teacher(), (profile as TestProfile).kd.kdRatio]);
    assertEquals([...uses.settings.keys()], ["teacher.seed", "kd.kdRatio"]);
  }
});

test("what is kept is there for the next run, for as long as nothing of what it was made of has changed", async (open) => {
  let made = 0;
  const texts = async (...settings: string[]) => {
    const { run } = await open(...settings);
    const { profile, kept } = run.contextOf(cell);
    const { value, uses } = await run.tracer.trace(() =>
      kept("texts", () => Promise.resolve([{ number: ++made, of: profile.teacher.seed }]))
    );
    assertEquals([...uses.settings.keys()], ["teacher.seed"]);
    return value[0].number;
  };
  assertEquals([await texts(), await texts(), await texts("kd.kdRatio=0.5")], [1, 1, 1]);
  assertEquals([await texts("teacher.seed=2"), await texts("teacher.seed=2"), await texts()], [2, 2, 3]);
});

test("a snapshot that is saved when the run is to stop ends it, and is there", async (open) => {
  const { run, stop } = await open();
  await run.contextOf(cell).trained("teacher", async (store) => {
    const snapshot = { step: 3, parts: { log: { values: [1], arrays: { page: Float32Array.of(1, 2) } } } };
    assertEquals([store.isDue(), await store.load()], [true, undefined]);
    await store.save(snapshot);
    stop.abort(new Interrupted("SIGTERM"));
    await assertRejects(() => store.save({ ...snapshot, step: 4 }), Interrupted);
    assertEquals(await store.load(), { ...snapshot, step: 4 });
  });
});

test("what is kept on the disk is made by one process, which the others wait for, or leave it for later", async (open) => {
  const [{ run: first }, { run: second, said }] = [await open(), await open()];
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<number>();
  const inFirst = first.contextOf(cell).kept("texts", () => {
    started.resolve();
    return finish.promise;
  });
  await started.promise;
  const { kept } = second.contextOf(cell);
  const anew = () => Promise.reject(new Error("it is made twice"));
  second.waits = false;
  // Asked for within something else, that is not kept as failed either.
  for (let i = 0; i < 2; i++) await assertRejects(() => second.once("states", () => kept("texts", anew)), Busy);
  second.waits = true;
  const inSecond = second.once("states", () => kept("texts", anew));
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  finish.resolve(7);
  assertEquals([await inFirst, await inSecond], [7, 7]);
  assertEquals(said, ["waits for another process, which makes texts"]);
});

test("how long a shared thing took is known to whoever finds it made", async (open) => {
  const { run: first } = await open();
  await first.contextOf(cell).trained("teacher", async (store) => {
    const until = performance.now() + 200;
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1));
    await store.save({ step: 1, parts: {} });
  });
  const { run: second } = await open();
  await second.contextOf(cell).trained("teacher", (store) => store.load());
  assert(second.sharedSeconds.get("teacher")! >= 0.2);
});

test("a cell is computed by one process at a time", async (open) => {
  const [{ run: first }, { run: second, said, stop }] = [await open(), await open()];
  const lock = await first.lockCell(cell);
  const waiting = second.lockCell(cell);
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stop.abort(new Interrupted("SIGTERM"));
  await assertRejects(() => waiting, Interrupted);
  lock[Symbol.dispose]();
  using _ = await second.lockCell(cell);
});

test("whatever is said is passed on, and memory is looked at", async (open) => {
  const { run, said } = await open();
  run.say("training");
  assertEquals([said, run.peakBytes > 0], [["training"], true]);
});
