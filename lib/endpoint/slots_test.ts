import { assertEquals, assertRejects } from "@std/assert";
import { Slots } from "./slots.ts";

Deno.test("at most so many tasks run at once, all of them run, and one that fails frees its slot", async () => {
  const slots = new Slots(3);
  let [running, most] = [0, 0];
  const order: number[] = [];
  const task = (number: number) => async () => {
    most = Math.max(most, ++running);
    order.push(number);
    for (let turn = 0; turn < number % 4; turn++) await Promise.resolve();
    running--;
    if (number % 5 === 0) throw new RangeError("fifth");
    return number;
  };
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  const settled = await Promise.allSettled(numbers.map((number) => slots.run(task(number))));
  assertEquals([most, order], [3, numbers]);
  assertEquals(settled.filter(({ status }) => status === "rejected").length, 4);
  await assertRejects(() => slots.run(() => Promise.reject(new RangeError("alone"))), RangeError, "alone");
  assertEquals(await slots.run(() => Promise.resolve("free")), "free");
});
