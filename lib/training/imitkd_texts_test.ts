import { assert, assertEquals } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { imitkdTexts, type ImitkdTextSettings } from "./imitkd_texts.ts";
import { countedDraws, DRAW_SIZE, isBinomial, isStudents } from "./test_draws.ts";

async function takeTexts(settings: Partial<ImitkdTextSettings>, steps: number) {
  const source = imitkdTexts(
    countedDraws(),
    { studentShare: 1, capacity: 1000, ...settings },
    new RandomStream(1, "imitkd"),
  );
  const taken = [];
  for (let i = 0; i < steps; i++) taken.push(await source.next(i + 1));
  return taken;
}

const numbersOf = (texts: readonly { response: readonly number[] }[]) => texts.map(({ response }) => response[0]);

Deno.test("the first step learns from what the student just wrote, later ones from all that it wrote", async () => {
  const taken = (await takeTexts({}, 60)).map(numbersOf);
  assertEquals([...taken[0]].sort(), [0, 1, 2, 3]);
  taken.forEach((numbers, step) => {
    assertEquals(numbers.length, DRAW_SIZE);
    assertEquals(new Set(numbers).size, DRAW_SIZE);
    assert(numbers.every((number) => number < DRAW_SIZE * (step + 1)));
  });
  const fresh = taken.flatMap((numbers, step) => numbers.filter((number) => number >= DRAW_SIZE * step));
  assert(fresh.length < 0.2 * 60 * DRAW_SIZE, `${fresh.length} of ${60 * DRAW_SIZE} texts are of the step itself`);
});

Deno.test("texts that the buffer has dropped do not come back", async () => {
  const taken = (await takeTexts({ capacity: 10 }, 200)).map(numbersOf);
  taken.forEach((numbers, step) => {
    assert(numbers.every((number) => number >= DRAW_SIZE * (step + 1) - 10));
  });
  assert(taken.some((numbers, step) => numbers.some((number) => number < DRAW_SIZE * step)));
});

Deno.test("a step takes the data where the share says so", async () => {
  const students = (await takeTexts({ studentShare: 0.3 }, 2000)).filter(isStudents).length;
  assert(isBinomial(students, 2000, 0.3), `${students} of 2000`);
  assertEquals((await takeTexts({ studentShare: 0 }, 50)).filter(isStudents), []);
});

Deno.test("one seed gives one sequence of texts", async () => {
  const settings = { studentShare: 0.7, capacity: 30 };
  assertEquals(await takeTexts(settings, 50), await takeTexts(settings, 50));
});
