import { BESIDE } from "#lib/verification/known_fixtures.ts";

const PUBLISHED = "it holds the published data sets, whose licences do not let them be kept in the repository";
const REPORTED = "it holds what people reported of other programs, which is told again in the tests of this one";

/**
 * A test against what lies in `../shared`, which no clone has. Where it is missing the test is left out, and its name says what is
 * missing and how to come by it.
 *
 * @param path in `../shared`, as in `fixtures/hf/gpt2`
 * @param fn gets the whole path
 */
export function testBeside(path: string, name: string, fn: (path: string) => Promise<void> | void): void {
  const whole = decodeURIComponent(new URL(`../../shared/${path}`, import.meta.url).pathname);
  const isThere = exists(whole);
  const remedy = BESIDE[path.replace(/^fixtures\//, "")] ?? (path.startsWith("field_cases/") ? REPORTED : PUBLISHED);
  Deno.test({
    name: isThere ? name : `${name} (skipped: ../shared/${path} is missing; ${remedy})`,
    ignore: !isThere,
    sanitizeResources: false,
    fn: () => fn(whole),
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
