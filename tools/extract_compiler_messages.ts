/**
 * Takes the pairs of English and German compiler messages out of TypeScript and writes `experiments/tasks/iwslt`. Its files
 * are kept in the repository, so this runs only to change the choice:
 *
 *     npm install --prefix DIR typescript@5.9.3
 *     deno run --allow-read --allow-write=experiments/tasks tools/extract_compiler_messages.ts DIR/node_modules
 */
import {
  type Pair,
  readPackageFile,
  runExtraction,
  sameText,
  splitByHash,
  taskFiles,
  withoutRepeats,
} from "./extract_splits.ts";

const PACKAGE = "typescript@5.9.3";
const SHARES = { validation: 0.07, test: 0.133 };
/** Messages much longer do not fit 28 tokens of a small vocabulary; which of these do is settled when they are encoded. */
const MAX_CHARACTERS = 90;

/**
 * The English messages by their keys. The compiler makes each in a call `diag(code, category, key, message, …)`, which
 * is read as text: running a program of another's only to read its strings is not needed.
 */
export function parseMessages(compilerSource: string): Map<string, string> {
  const text = '"(?:[^"\\\\]|\\\\.)*"';
  const call = new RegExp(`\\bdiag\\(\\d+, \\d+ /\\* \\w+ \\*/, (${text}), (${text})`, "g");
  const found = [...compilerSource.matchAll(call)];
  return new Map(found.map(([, key, message]) => [JSON.parse(key) as string, JSON.parse(message) as string]));
}

/**
 * The pairs that are worth learning: short, translated at all, without markup and without white space that no reader
 * sees. German quotation marks become straight ones, which nine in ten messages have anyway.
 */
export function chooseMessages(
  english: ReadonlyMap<string, string>,
  german: Readonly<Record<string, string>>,
): Pair[] {
  const pairs = [...english].flatMap(([key, message]) => {
    const target = tidy(german[key] ?? "").replace(/[„“”]/g, '"');
    const source = tidy(message);
    const fits = target !== "" && target !== source && /[a-z]{2} [a-z]/.test(source) &&
      Math.max(source.length, target.length) <= MAX_CHARACTERS && !/&\w+;|[<>`^|]/.test(source + target);
    return fits ? [{ source, target }] : [];
  });
  return withoutRepeats(pairs, ({ source }) => sameText(source));
}

function tidy(message: string): string {
  return message.replace(/\s+/g, " ").trim();
}

/** The files of the task, from a folder with the package. */
export function extractCompilerMessages(nodeModules: string): Record<string, string> {
  const read = (path: string) => readPackageFile(nodeModules, `typescript/${path}`, PACKAGE);
  const german = JSON.parse(read("lib/de/diagnosticMessages.generated.json")) as Record<string, string>;
  const pairs = chooseMessages(parseMessages(read("lib/typescript.js")), german);
  const notice = [
    `The tables in this folder hold English and German compiler messages of TypeScript (npm package ${PACKAGE}),`,
    "Copyright (c) Microsoft Corporation, under the following licence. Changes: a choice of short messages, quotation",
    "marks made straight, divided into training, validation and test by tools/extract_compiler_messages.ts.",
    "",
    read("LICENSE.txt").replaceAll("\r\n", "\n"),
  ].join("\n");
  return taskFiles(splitByHash(pairs, ({ source }) => sameText(source), SHARES), notice);
}

if (import.meta.main) runExtraction("extract_compiler_messages.ts", "iwslt", extractCompilerMessages);
