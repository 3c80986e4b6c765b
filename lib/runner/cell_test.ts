import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import {
  addressOf,
  cellAt,
  cellKeyOf,
  cellsOf,
  fullAddressOf,
  keyOfAddress,
  matchesTask,
  recordedCell,
} from "./cell.ts";
import { PLAIN, TASKS } from "./test_experiment.ts";

const names = (...choice: Parameters<typeof cellsOf>) => cellsOf(...choice).map(addressOf);

Deno.test("cells are method by task by seed, the tasks of a seed one after the other", () => {
  assertEquals(
    names(TASKS, { seeds: [1, 2] }),
    [1, 2].flatMap((seed) => [
      ...[
        `sft/qa/small/${seed}`,
        `kd/qa/small/${seed}`,
        `sft/qa/large/${seed}`,
        `kd/qa/large/${seed}`,
        `sft/mt/small/${seed}`,
        `kd/mt/small/${seed}`,
      ],
    ]),
  );
  assertEquals(names(PLAIN, { seeds: [1, 2] }), ["sft/1", "kd/1", "sft/2", "kd/2"]);
});

Deno.test("tasks are asked for by name, or all of a data set by its name alone", () => {
  assertEquals(names(TASKS, { seeds: [1], tasks: ["qa"] }), [
    "sft/qa/small/1",
    "kd/qa/small/1",
    "sft/qa/large/1",
    "kd/qa/large/1",
  ]);
  assertEquals(names(TASKS, { seeds: [1], tasks: ["mt/small"], methods: ["kd"] }), ["kd/mt/small/1"]);
  assertEquals(
    [matchesTask("q", "qa/small"), matchesTask("qa/small", "qa/small"), matchesTask("qa", undefined)],
    [false, true, false],
  );
});

Deno.test("a cell is found again by its address", () => {
  for (const experiment of [TASKS, PLAIN]) {
    for (const cell of cellsOf(experiment, { seeds: [0, 10] })) {
      assertEquals(cellAt(fullAddressOf(cell), [PLAIN, TASKS]), cell);
      assertEquals(recordedCell(experiment, addressOf(cell)), cell);
      assertEquals(keyOfAddress(addressOf(cell)), cellKeyOf(cell));
    }
  }
  assertEquals(keyOfAddress("kd/qa/large/3"), { method: "kd", task: "qa/large", seed: 3 });
  assertEquals(keyOfAddress("kd/3"), { method: "kd", seed: 3 });
  for (const gone of ["gone/1", "kd/qa/large/1"]) assertEquals(recordedCell(PLAIN, gone), undefined);
});

Deno.test("an address of no cell is refused by the part that is wrong", () => {
  for (
    const [address, message] of [
      ["plain", "names no cell"],
      ["plain/sft", "names no cell"],
      ["plaim/sft/1", 'did you mean "plain"?'],
      ["plain/stf/1", 'did you mean "sft"?'],
      ["plain/sft/-1", 'the seed is "-1"'],
      ["plain/sft/qa/1", 'unknown task "qa"'],
      ["tasks/kd/1", "lacks a task: tasks has qa/small, qa/large, mt/small"],
      ["tasks/kd/qa/smal/1", 'unknown task "qa/smal"'],
    ]
  ) assertThrows(() => cellAt(address, [PLAIN, TASKS]), InputError, message);
});
