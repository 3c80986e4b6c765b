import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { comparison, GRADING } from "./comparison.ts";
import { askedAgain } from "#lib/endpoint/messages.ts";

const ITEM = { instruction: "Add the numbers.", input: "2 and 3", reference: "5", response: "six" };

Deno.test("the judge is shown instruction, input and both answers, in the order given", () => {
  const [system, user] = comparison(ITEM, ["six", "5"]);
  assertEquals([system.role, user.role], ["system", "user"]);
  assertStringIncludes(system.content, '{"answer_1": GRADE, "answer_2": GRADE}');
  assertEquals(
    user.content,
    "<instruction>\nAdd the numbers.\n</instruction>\n<input>\n2 and 3\n</input>\n<answer_1>\nsix\n</answer_1>\n<answer_2>\n5\n</answer_2>",
  );
});

Deno.test("an empty input is left out", () => {
  assertEquals(comparison({ ...ITEM, input: "" }, ["six", "5"])[1].content.includes("<input>"), false);
});

Deno.test("a reply that says something else is answered with a reminder, one that says nothing with the same question", () => {
  const messages = comparison(ITEM, ["six", "5"]);
  assertEquals(askedAgain(messages, GRADING.reminder, "Both fine!").map(({ role }) => role), [
    ...["system", "user", "assistant", "user"],
  ]);
  assertEquals(askedAgain(messages, GRADING.reminder, " \n"), messages);
  assertEquals(askedAgain(messages, GRADING.reminder), messages);
});

Deno.test("grades from 1 to 10 are read, with a fence around them and thoughts before them", () => {
  const grade = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.double({ min: 1, max: 10, noNaN: true }));
  fc.assert(fc.property(grade, grade, (first, second) => {
    const json = JSON.stringify({ answer_1: first, answer_2: second });
    for (const reply of [json, `\n ${json}\n`, `\`\`\`json\n${json}\n\`\`\``, `\`\`\`\n${json}\n\`\`\`\n`]) {
      assertEquals(GRADING.parse(reply), [first, second]);
      assertEquals(GRADING.parse(`<think>\n{"answer_1": 1}\n</think>\n\n${reply}`), [first, second]);
    }
  }));
});

Deno.test("any other reply is no grade", () => {
  const replies = [
    ...["", "7 8", "null", "[7, 8]", "{}", '{"answer_1": 7}', '{"answer_1": "7", "answer_2": 8}'],
    ...['{"answer_1": 0, "answer_2": 8}', '{"answer_1": 7, "answer_2": 11}', '{"answer_1": 7, "answer_2": 1e999}'],
    ...['{"answer_1": 7, "answer_2": 8, "why": "good"}', 'Sure! {"answer_1": 7, "answer_2": 8}'],
    ...['{"answer_1": 7, "answer_2": 8} Hope it helps', "<html>", '<think>{"answer_1": 7, "answer_2": 8}'],
  ];
  for (const reply of replies) assertEquals(GRADING.parse(reply), undefined, reply);
  assertEquals(GRADING.parse(undefined), undefined);
});
