import { assertEquals } from "@std/assert";
import { formatProvenance, type FullRecord, NO_PROVENANCE, recordAt, withoutRecord, withRecord } from "./provenance.ts";
import { provenanceOfFile } from "./recorded_provenance.ts";

const record = (change: Partial<FullRecord> = {}): FullRecord => ({
  commit: "c0ffee",
  dirty: false,
  run: "llama: kd, seed 1",
  rows: "4567",
  hash: "0123",
  environment: { adapter: "M9", deno: "2.9.6" },
  settings: { ammd: { beta: 0.5 }, optimizer: { betas: [0.9, 0.98] } },
  numerics: { lib: 1, "method kd": 2 },
  kernels: { add: "1", matmul: "2" },
  wallSeconds: 1.5,
  peakMemoryBytes: 1,
  peakGpuBytes: 2,
  ...change,
});

Deno.test("a record comes back as it was put, and what cells have in common stands once", () => {
  const other = record({ settings: { ammd: { beta: 1 } } });
  let provenance = withRecord(NO_PROVENANCE, "kd/1", record());
  provenance = withRecord(provenance, "kd/2", record({ run: "llama: kd, seed 2" }));
  provenance = withRecord(provenance, "ammd/1", other);
  const read = JSON.parse(formatProvenance(provenance));
  assertEquals([recordAt(read, "kd/1"), recordAt(read, "ammd/1"), recordAt(read, "sft/1")], [
    record(),
    other,
    undefined,
  ]);
  const counts = ({ environments, settings, numerics, kernels }: typeof provenance) =>
    [environments, settings, numerics, kernels].map((entries) => Object.keys(entries).length);
  assertEquals(counts(read), [1, 2, 1, 1]);
  // What no cell names any more goes with the last that did.
  assertEquals(counts(withoutRecord(read, "ammd/1")), [1, 1, 1, 1]);
  assertEquals(counts(withRecord(read, "ammd/1", record())), [1, 1, 1, 1]);
});

Deno.test("the file has a line for each cell, setting section, version and kernel, in one order whatever came first", () => {
  const [a, b] = [["kd/1", record()], ["ammd/1", record({ commit: "bead" })]] as const;
  const texts = [[a, b], [b, a]].map((cells) =>
    formatProvenance(
      cells.reduce(
        (all, [address, each]) => withRecord(all, address, each),
        NO_PROVENANCE as ReturnType<typeof withRecord>,
      ),
    )
  );
  assertEquals(texts[0], texts[1]);
  const lines = texts[0].split("\n");
  for (
    const start of [
      '    "ammd/1": {"commit":"bead"',
      '      "add": "1"',
      '      "method kd": 2',
      '      "ammd": {"beta":0.5}',
    ]
  ) {
    assertEquals(lines.filter((line) => line.startsWith(start)).length, 1, start);
  }
});

Deno.test("a record whose entries are gone is none", () => {
  const provenance = withRecord(NO_PROVENANCE, "kd/1", record());
  assertEquals(recordAt({ ...provenance, kernels: {} }, "kd/1"), undefined);
});

Deno.test("what the format before recorded is read with its settings, kernels and data, and without versions", () => {
  const cell = { commit: "c0ffee", dirty: false, run: "llama: kd, seed 1", variant: "{}", rows: "4567", hash: "0123" };
  const read = provenanceOfFile({
    format: 2,
    environments: { e: record().environment },
    settings: { s: record().settings },
    sources: { x: { "kernel add": "1", "lib/a.ts": "2", data: "embedded" }, y: { "kernel add": "1" } },
    data: { instructions: {} },
    shared: { "llama: teacher": 3 },
    cells: {
      "kd/1": { ...cell, environment: "e", settings: "s", sources: "x", wallSeconds: 1.5 },
      "kd/2": { ...cell, environment: "e", settings: "s", sources: "y", wallSeconds: 1.5 },
    },
    files: { "scores.csv": "ab" },
  })!;
  const { variant: _, ...kept } = cell;
  const { environment, settings } = record();
  const expected = { ...kept, environment, settings, kernels: { add: "1" }, wallSeconds: 1.5, data: "embedded" };
  assertEquals(recordAt(read, "kd/1"), expected as unknown as FullRecord);
  assertEquals(recordAt(read, "kd/2")!.data, undefined);
  assertEquals([read.format, read.shared, read.files], [3, {}, { "scores.csv": "ab" }]);
  const again = withRecord(read, "kd/1", recordAt(read, "kd/1")!);
  assertEquals(recordAt(JSON.parse(formatProvenance(again)), "kd/1"), recordAt(read, "kd/1"));
  for (const other of [{ format: 1 }, {}, [], "x"]) assertEquals(provenanceOfFile(other), undefined);
});
