import { assert, assertEquals } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { explainRefusal, refusalOf } from "./refusal.ts";

const refused = (what: string) => new Deno.errors.NotCapable(`Requires ${what}, run again with the --allow-x flag`);

Deno.test("what Deno refuses is told in one line, with the command that has the permission", () => {
  const args = ["reproduce", "--results", "../my results"];
  const command = "run instead: ./run reproduce --results '../my results'";
  for (
    const [what, said] of [
      ['read access to "/a b"', `read /a b; ${command} (it grants the folders that the arguments name)`],
      ["read access to <TMP>", `read <TMP>; ${command} (it grants the folders that the arguments name)`],
      [
        'write access to "/o/.state/lock"',
        `write to /o/.state/lock; ${command} (it grants the folders that the arguments name)`,
      ],
      [
        'net access to "h.test:80"',
        `reach h.test:80; ${command} (it grants the host of the judge, the teacher or the hub)`,
      ],
      ['run access to "git"', `run git; ${command}`],
      ['env access to "HOME"', `read the variable HOME; ${command}`],
      ["env access", `read the variable anything; ${command}`],
    ]
  ) {
    assertEquals(refusalOf(refused(what), args), `this process has no permission to ${said}`);
  }
});

Deno.test("a refusal in other words is told in these", () => {
  const error = new Deno.errors.NotCapable("Not now\nnor here");
  assertEquals(refusalOf(error, []), "Deno refused it: Not now");
});

Deno.test("a refusal becomes an error of the user's, and any other error stays as it is", () => {
  const error = explainRefusal(refused('run access to "git"'), ["diff"]) as Error;
  assertEquals([error.constructor, error.message], [
    InputError,
    "this process has no permission to run git; run instead: ./run diff",
  ]);
  for (const other of [new Error("x"), new Deno.errors.PermissionDenied("y"), "z"]) {
    assert(explainRefusal(other, []) === other);
  }
});
