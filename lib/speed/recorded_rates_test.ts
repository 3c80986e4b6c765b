import { assertEquals } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { ratesOf, rememberRates } from "./recorded_rates.ts";

testInFolder("rates are kept by adapter, the last ones of each; a damaged file holds none", async (folder) => {
  const file = `${folder}/rates.json`;
  const [one, other] = [1, 2].map((rate) => ({ matmulGflops: 100 * rate, copyGBs: 10 * rate, date: "2026-11-29" }));
  assertEquals(await ratesOf("GPU a", file), undefined);
  await rememberRates("GPU a", one, file);
  await rememberRates("GPU b", one, file);
  await rememberRates("GPU a", other, file);
  assertEquals([await ratesOf("GPU a", file), await ratesOf("GPU b", file)], [other, one]);
  await Deno.writeTextFile(file, '{"GPU a": {"matmulGflops": 0, "copyGBs": 1, "date": "x"}');
  assertEquals(await ratesOf("GPU a", file), undefined);
  await Deno.writeTextFile(file, '{"GPU a": {"matmulGflops": 0, "copyGBs": 1, "date": "x"}}');
  assertEquals(await ratesOf("GPU a", file), undefined);
});
