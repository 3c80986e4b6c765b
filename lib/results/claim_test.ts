import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Interrupted, StorageError } from "#lib/errors.ts";
import { killProgram, passLines, startProgram } from "#lib/runner/test_process.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { Claim } from "./claim.ts";
import { latestClaim } from "./claim_file.ts";
import { writeAtomically } from "./storage.ts";

/** Seconds that are over before a test that waits for them is. */
const SHORT = 0.3;
const ON_N1 = { host: "n1", leaseSeconds: SHORT };
const ON_N2 = { host: "n2", leaseSeconds: SHORT };

const names = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
/** As a machine that has died leaves it: no sign of life any more, and not given back. */
async function die(path: string, secondsAgo = 60): Promise<void> {
  const { generation } = (await latestClaim(path))!;
  const then = new Date(Date.now() - 1000 * secondsAgo);
  await Deno.utime(`${path}.claim/${generation}`, then, then);
}

testInFolder("of machines that ask at once one has the claim, and the next when it is given back", async (folder) => {
  const path = `${folder}/a/cell`;
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) => Claim.tryAcquire(path, { host: `n${i}`, command: `kd/${i}` })),
  );
  const [claim, ...others] = all.filter((each) => each !== undefined);
  assertEquals(others, []);
  assertEquals((await latestClaim(path))!.record!.host, `n${all.indexOf(claim)}`);
  claim[Symbol.dispose]();
  using next = (await Claim.tryAcquire(path, ON_N2))!;
  next.check();
  assertEquals([next.deadToken, await names(`${path}.claim`)], [undefined, ["2"]]);
});

testInFolder("a claim outlives its lease for as long as its owner lives, and says what it is doing", async (folder) => {
  const path = `${folder}/cell`;
  using claim = (await Claim.tryAcquire(path, ON_N1))!;
  claim.say("training: step 3 of 10");
  await new Promise((resolve) => setTimeout(resolve, 3000 * SHORT));
  assertEquals(await Claim.tryAcquire(path, ON_N2), undefined);
  assertEquals((await latestClaim(path))!.record!.says, "training: step 3 of 10");
  claim.check();
});

testInFolder(
  "a dead owner's claim is taken over by one of all who ask, and the owner writes no more",
  async (folder) => {
    const path = `${folder}/cell`;
    const lease = { leaseSeconds: 50 };
    using dead = (await Claim.tryAcquire(path, { host: "n1", ...lease }))!;
    await writeAtomically(`${folder}/file`, "of the dead", { guard: dead });
    await die(path, 40);
    assertEquals(await Claim.tryAcquire(path, { host: "n2", ...lease }), undefined);
    await die(path, 60);
    const asking = Array.from({ length: 8 }, (_, i) => Claim.tryAcquire(path, { host: `m${i}`, ...lease }));
    const [claim, ...others] = (await Promise.all(asking)).filter((each) => each !== undefined);
    using heir = claim;
    assertEquals([others, heir.deadToken], [[], dead.token]);
    assertMatch(assertThrows(() => dead.check(), StorageError).message, /another process took this over/);
    assert(dead.lost.aborted);
    await assertRejects(
      () => writeAtomically(`${folder}/file`, "too late", { guard: dead }),
      StorageError,
      "took this over",
    );
    assertEquals(await Deno.readTextFile(`${folder}/file`), "of the dead");
    // Giving back what it has lost changes nothing.
    dead[Symbol.dispose]();
    heir.check();
    assertEquals(await Claim.tryAcquire(path, { host: "n3", ...lease }), undefined);
    assertEquals((await names(folder)).filter((name) => name.endsWith(".part")), []);
  },
);

testInFolder("an owner that was asleep finds at its next sign of life that it has lost the claim", async (folder) => {
  const path = `${folder}/cell`;
  using sleeper = (await Claim.tryAcquire(path, ON_N1))!;
  await die(path);
  using _heir = (await Claim.tryAcquire(path, { ...ON_N2, leaseSeconds: 60 }))!;
  while (!sleeper.lost.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
  assertThrows(() => sleeper.check(), StorageError);
});

testInFolder("an asker whose look at the folder is long past takes nothing", async (folder) => {
  const path = `${folder}/cell`;
  using first = (await Claim.tryAcquire(path, ON_N1))!;
  // It saw file 0 only, as a cache may show it.
  await Deno.rename(`${path}.claim/1`, `${path}.claim/7`);
  const { ClaimFile } = await import("./claim_file.ts");
  const record = (await latestClaim(path))!.record!;
  assertEquals(await ClaimFile.create(path, 1, record), undefined);
  assertEquals(await names(`${path}.claim`), ["7"]);
  assertThrows(() => first.check(), StorageError);
});

testInFolder(
  "what is waited for is had when it is given back, or not at all where the wait is ended",
  async (folder) => {
    const path = `${folder}/cell`;
    const stop = new AbortController();
    const claim = (await Claim.tryAcquire(path, ON_N1))!;
    const waiting = Claim.acquire(path, stop.signal, { host: "n1" });
    claim[Symbol.dispose]();
    using _ = await waiting;
    const other = Claim.acquire(path, stop.signal, { host: "n1" });
    stop.abort(new Interrupted("SIGTERM"));
    await assertRejects(() => other, Interrupted);
  },
);

testInFolder(
  "a process of this machine that is killed is known to be dead at once, whatever its lease; one that is stopped is not",
  async (folder) => {
    const path = `${folder}/cell`;
    const process = await startProgram(
      folder,
      "owner",
      `import { Claim } from "#lib/results/claim.ts";
       const claim = await Claim.tryAcquire(${JSON.stringify(path)}, { leaseSeconds: ${SHORT} });
       console.log("has it");
       setInterval(() => claim, 1000);`,
    );
    await passLines(process, 1);
    process.kill("SIGSTOP");
    await die(path);
    assertEquals(await Claim.tryAcquire(path), undefined);
    await killProgram(process);
    using claim = (await Claim.tryAcquire(path))!;
    assert(claim.deadToken !== undefined);
  },
  { cannotRun: Deno.build.os === "windows" ? "needs SIGSTOP" : undefined },
);
