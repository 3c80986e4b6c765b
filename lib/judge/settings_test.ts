import { assertEquals, assertStringIncludes } from "@std/assert";
import { JUDGE_SCHEMA } from "./settings.ts";

const problem = (settings: unknown) => {
  const { error } = JUDGE_SCHEMA.safeParse(settings);
  return error === undefined ? undefined : `${error.issues[0].path.join(".")}: ${error.issues[0].message}`;
};

Deno.test("without settings there is no judge, and the others have their defaults", () => {
  const none = { url: "", model: "", parallel: 4, retries: 5, timeoutSeconds: 60, temperature: 0, maxItems: null };
  assertEquals(JUDGE_SCHEMA.parse({}), none);
  assertEquals(JUDGE_SCHEMA.parse({ url: null, model: null }), none);
});

Deno.test("an address without a model is refused in one line", () => {
  const message = problem({ url: "http://localhost:8080/v1" });
  assertEquals(message, "model: judge.url needs the name of a model: set it, as in --set judge.model=NAME");
  assertEquals(problem({ url: "http://localhost:8080/v1", model: "m" }), undefined);
  assertEquals(problem({ model: "m" }), undefined);
});

Deno.test("an address must be http or https, of a host, without user name and password", () => {
  for (
    const url of ["localhost:8080", "ftp://host/", "http://", "host/v1", "http://me@host/", "http://me:pass@host/"]
  ) {
    assertStringIncludes(problem({ url, model: "m" }) ?? "", "url: expected an address", url);
  }
});

Deno.test("counts, times and temperatures out of range are refused, as are unknown keys", () => {
  for (const wrong of [{ parallel: 0 }, { retries: -1 }, { timeoutSeconds: 0 }, { temperature: -1 }, { maxItems: 0 }]) {
    assertStringIncludes(problem(wrong) ?? "", Object.keys(wrong)[0]);
  }
  assertStringIncludes(problem({ key: "secret" }) ?? "", "key");
});
