import { assertEquals } from "@std/assert";
import { NO_PROVENANCE, type Provenance } from "#lib/results/provenance.ts";
import { recordedSettings } from "./recorded_settings.ts";

Deno.test("the settings of recorded cells stand once for all seeds of a row and task that have the same", () => {
  const settings = { a1: { steps: 1 }, b2: { steps: 2 } };
  const ids = {
    "kd/samsum/base/10": "a1",
    "kd/samsum/base/20": "a1",
    "kd/iwslt/base/10": "a1",
    "ammd/30": "b2",
    "ammd/20": "a1",
    "gkd/10": "lost",
  };
  const cells = Object.fromEntries(Object.entries(ids).map(([address, id]) => [address, { settings: id }]));
  assertEquals(recordedSettings({ ...NO_PROVENANCE, settings, cells: cells as unknown as Provenance["cells"] }), [
    { method: "ammd", task: undefined, settings: { steps: 1 } },
    { method: "ammd", task: undefined, settings: { steps: 2 } },
    { method: "kd", task: "iwslt/base", settings: { steps: 1 } },
    { method: "kd", task: "samsum/base", settings: { steps: 1 } },
  ]);
});
