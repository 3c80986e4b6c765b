import { assert, assertEquals, assertRejects } from "@std/assert";
import { isFile } from "#lib/results/storage.ts";
import { testInFolder } from "#lib/test_folder.ts";
import {
  partOf,
  topTokenBytes,
  TopTokenFile,
  type TopTokenLayout,
  type TopTokenRows,
  TopTokenWriter,
} from "./top_token_file.ts";

const never = new AbortController().signal;

function rowsOf({ count, vocabSize }: TopTokenLayout, length: number): TopTokenRows {
  const events = Math.min(count + 1, vocabSize);
  return {
    ids: Uint32Array.from({ length: length * count }, (_, i) => vocabSize - count + i % count),
    logProbs: Float32Array.from({ length: length * events }, (_, i) => -Math.abs(Math.sin(i + length))),
  };
}

async function write(path: string, layout: TopTokenLayout): Promise<TopTokenRows[]> {
  const texts = layout.lengths.map((length) => rowsOf(layout, length));
  using writer = (await TopTokenWriter.open(path, layout, never))!;
  await writer.append(texts);
  await writer.finish();
  return texts;
}

for (const [vocabSize, count, idBytes] of [[7, 3, 2], [9, 9, 2], [65_536, 5, 2], [65_537, 5, 4], [250_112, 1, 4]]) {
  testInFolder(`${count} of ${vocabSize} tokens are read as they were written, in any order`, async (folder) => {
    const layout = { key: "0123456789abcdef", count, vocabSize, lengths: [3, 1, 40, 2] };
    const texts = await write(`${folder}/file`, layout);
    const { size } = await Deno.stat(`${folder}/file`);
    const events = Math.min(count + 1, vocabSize);
    assertEquals([size, topTokenBytes(layout)], Array(2).fill(256 + 4 * 16 + 46 * (count * idBytes + 4 * events)));
    const file = await TopTokenFile.open(`${folder}/file`, layout);
    assertEquals(await file.read([2, 0, 2, 3]), [texts[2], texts[0], texts[2], texts[3]]);
    const [header] = (await Deno.readTextFile(`${folder}/file`)).split("\n");
    assertEquals(JSON.parse(header).states, 46);
  });
}

testInFolder(
  "a part file of anything else is begun anew, and one that lacks texts does not get its name",
  async (folder) => {
    const layout = { key: "0123456789abcdef", count: 2, vocabSize: 9, lengths: [2, 2] };
    const path = `${folder}/file`;
    const other = { ...layout, key: "fedcba9876543210" };
    const texts = layout.lengths.map((length) => rowsOf(layout, length));
    {
      using writer = (await TopTokenWriter.open(path, other, never))!;
      await writer.append([texts[0]]);
      assertEquals([writer.done, writer.missingBytes], [1, 16 + 2 * (2 * 2 + 3 * 4)]);
      await assertRejects(() => writer.finish(), RangeError, "it has 1 of 2 texts");
    }
    using writer = (await TopTokenWriter.open(path, layout, never))!;
    assertEquals(writer.done, 0);
    await writer.append(texts);
    await writer.finish();
    assert(isFile(path) && !isFile(partOf(path)));
  },
);

testInFolder("who comes second waits for the file of the first, and has nothing to write", async (folder) => {
  const layout = { key: "0123456789abcdef", count: 2, vocabSize: 9, lengths: [2] };
  const path = `${folder}/file`;
  const first = (await TopTokenWriter.open(path, layout, never))!;
  const second = TopTokenWriter.open(path, layout, never);
  await first.append([rowsOf(layout, 2)]);
  await first.finish();
  first[Symbol.dispose]();
  assertEquals(await second, undefined);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["file"]);
  assertEquals(await TopTokenWriter.open(path, layout, never), undefined);
});

testInFolder("a wait ends with the run", async (folder) => {
  const layout = { key: "0123456789abcdef", count: 2, vocabSize: 9, lengths: [2] };
  using _first = await TopTokenWriter.open(`${folder}/file`, layout, never);
  const stop = new AbortController();
  const second = TopTokenWriter.open(`${folder}/file`, layout, stop.signal);
  stop.abort(new Error("stopped"));
  await assertRejects(() => second, Error, "stopped");
});
