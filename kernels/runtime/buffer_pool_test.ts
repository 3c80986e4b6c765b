import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BufferPool } from "./buffer_pool.ts";

interface FakeBuffer {
  readonly size: number;
  destroyed: boolean;
}

/** A pool over a device that only counts. */
function fakePool(maxBufferSize = 2 ** 31 - 1): { pool: BufferPool; created: FakeBuffer[] } {
  const created: FakeBuffer[] = [];
  const device = {
    limits: { maxBufferSize },
    createBuffer({ size }: { size: number }) {
      const buffer = { size, destroyed: false, destroy: () => buffer.destroyed = true };
      created.push(buffer);
      return buffer;
    },
  };
  return { pool: new BufferPool(device as unknown as GPUDevice), created };
}

Deno.test("a buffer holds what was asked for, leaves at most a third unused, and has one of few sizes", () => {
  const { pool } = fakePool();
  const sizes = new Set<number>();
  for (let asked = 4; asked < 200_000; asked += 4) {
    const { size } = pool.acquire(asked, "output");
    assert(size >= asked && size % 16 === 0, `${size} for ${asked}`);
    assert(size === 256 || 3 * asked > 2 * size, `${size} for ${asked}`);
    sizes.add(size);
  }
  assertEquals([...sizes].slice(0, 6), [256, 384, 512, 768, 1024, 1536]);
});

Deno.test("a released buffer is reused for its size class, and only for that", () => {
  const { pool } = fakePool();
  const first = pool.acquire(1000, "output");
  pool.release(first);
  assert(pool.acquire(500, "output") !== first);
  assert(pool.acquire(900, "output") === first);
  assert(pool.acquire(900, "output") !== first);
});

Deno.test("an upload gets no buffer released since the last submit; other work gets it at once", () => {
  const { pool } = fakePool();
  const buffer = pool.acquire(400, "output");
  pool.release(buffer);
  const uploaded = pool.acquire(400, "upload");
  assert(uploaded !== buffer);
  assert(pool.acquire(400, "output") === buffer);
  pool.release(buffer);
  pool.onSubmit();
  assert(pool.acquire(400, "upload") === buffer);
});

Deno.test("cycles of acquiring and releasing make no buffer after the second", () => {
  const { pool } = fakePool();
  const cycle = () => {
    const buffers = [100, 300, 300, 5000].flatMap((
      size,
    ) => [pool.acquire(size, "output"), pool.acquire(size, "upload")]);
    buffers.forEach((buffer) => pool.release(buffer));
    pool.onSubmit();
  };
  cycle();
  cycle();
  const [live, peak] = [pool.liveBuffers, pool.peakBytes];
  for (let i = 0; i < 50; i++) cycle();
  assertEquals([pool.liveBuffers, pool.peakBytes], [live, peak]);
});

Deno.test("equal steps get equal buffers, whatever came between, whether submitted or not", () => {
  const { pool } = fakePool();
  const step = () => {
    const buffers = Array.from({ length: 5 }, () => pool.acquire(300, "output"));
    for (const i of [3, 0, 4, 1, 2]) pool.release(buffers[i]);
    return buffers;
  };
  const first = step();
  assertEquals(step(), first);
  const others = Array.from({ length: 7 }, () => pool.acquire(300, "upload"));
  for (const i of [6, 1, 3, 0, 2, 5, 4]) pool.release(others[i]);
  pool.onSubmit();
  assertEquals(step(), first);
});

Deno.test("trim destroys the waiting buffers, not those in use, and the peak includes them all", () => {
  const { pool, created } = fakePool();
  const [kept, released] = [pool.acquire(256, "output"), pool.acquire(1024, "upload")];
  pool.release(released);
  pool.trim();
  assertEquals(created.map(({ destroyed }) => destroyed), [false, true]);
  assertEquals([pool.liveBuffers, pool.peakBytes], [1, 1280]);
  assert(pool.acquire(1024, "output") !== released);
  assert(pool.acquire(256, "output") !== kept);
});

Deno.test("whatever the order of calls, no buffer has two owners and no upload touches unsubmitted work", () => {
  const calls = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant("acquire" as const),
        size: fc.integer({ min: 1, max: 900 }),
        upload: fc.boolean(),
      }),
      fc.record({ kind: fc.constant("release" as const), which: fc.nat() }),
      fc.record({ kind: fc.constant("submit" as const) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(calls, (sequence) => {
      const { pool, created } = fakePool();
      const owned: GPUBuffer[] = [];
      const unsubmitted = new Set<GPUBuffer>();
      for (const call of sequence) {
        if (call.kind === "acquire") {
          const buffer = pool.acquire(call.size, call.upload ? "upload" : "output");
          assert(buffer.size >= call.size && !owned.includes(buffer));
          assert(!call.upload || !unsubmitted.has(buffer));
          owned.push(buffer);
        } else if (call.kind === "submit") {
          pool.onSubmit();
          unsubmitted.clear();
        } else if (owned.length > 0) {
          const [buffer] = owned.splice(call.which % owned.length, 1);
          pool.release(buffer);
          unsubmitted.add(buffer);
        }
      }
      assertEquals(pool.liveBuffers, created.length);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("a size whose class would be over the device's limit gets a buffer within it, of few sizes", () => {
  const limit = 2 ** 31 - 1;
  const { pool } = fakePool(limit);
  assertEquals(pool.acquire(1_600_000_000, "output").size, 12 * 2 ** 27);
  assertEquals(pool.acquire(1_700_000_000, "output").size, 13 * 2 ** 27);
  assertEquals(pool.acquire(1_800_000_000, "output").size, 14 * 2 ** 27);
  assertEquals(pool.acquire(2_140_000_000, "output").size, 2 ** 31 - 16);
  const sizes = new Set<number>();
  for (let asked = 1.4e9; asked < limit - 16; asked += 9_999_996) sizes.add(pool.acquire(asked, "output").size);
  assertEquals(sizes.size, 5);
});

Deno.test("a large lasting buffer has the size that was asked for, and is destroyed when its work is submitted", () => {
  const { pool, created } = fakePool();
  const asked = 150_000_004;
  const buffer = pool.acquire(asked, "lasting");
  assertEquals([buffer.size, pool.liveBytes], [150_000_016, 150_000_016]);
  pool.release(buffer);
  assert(pool.acquire(asked, "output") !== buffer);
  assertEquals(created.map(({ destroyed }) => destroyed), [false, false]);
  pool.onSubmit();
  assertEquals(created.map(({ destroyed }) => destroyed), [true, false]);
  assertEquals([pool.liveBuffers, pool.liveBytes], [1, created[1].size]);
});

Deno.test("a small lasting buffer is shared with other work", () => {
  const { pool } = fakePool();
  const buffer = pool.acquire(3000, "lasting");
  pool.release(buffer);
  assert(pool.acquire(3000, "output") === buffer);
});
