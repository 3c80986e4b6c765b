/**
 * Takes the descriptions of GitHub's endpoints and their one-line summaries out of Octokit's types and writes
 * `experiments/tasks/samsum`. Its files are kept in the repository, so this runs only to change the choice:
 *
 *     npm install --prefix DIR @octokit/openapi-types@29.0.1 @octokit/openapi-types-ghec@24.0.0
 *     deno run --allow-read --allow-write=experiments/tasks tools/extract_endpoint_summaries.ts DIR/node_modules
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

const PACKAGES = ["@octokit/openapi-types@29.0.1", "@octokit/openapi-types-ghec@24.0.0"];
const SHARES = { validation: 0.074, test: 0.2 };
const MAX_SOURCE_WORDS = 18;
const MAX_TARGET_WORDS = 11;

/** The doc comments of the endpoints in a `types.d.ts`, without the stars at the start of their lines. */
export function parseEndpointComments(types: string): string[] {
  // A comment directly before a method of a path: no other comment may end in between.
  const endpoint = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(?:get|put|post|delete|patch|head|options)\??: operations\[/g;
  return Array.from(types.matchAll(endpoint), ([, comment]) => comment.replace(/^[ \t]*\* ?/gm, "").trim());
}

/**
 * What a comment describes and its summary; undefined where the description does not say what the endpoint does. The
 * source is the first paragraph of prose, its sentences up to 18 words, the first cut there if it is longer.
 */
export function endpointPair(comment: string): Pair | undefined {
  const [summary, description] = comment.split(/\s*@description\s/);
  const target = plain(summary.replace(/@deprecated/g, "").replace(" (Legacy)", "")).replace(/\.$/, "");
  const paragraphs = (description ?? "").replace(/\s@deprecated[^]*/, "").split(/\n\s*\n/);
  const prose = paragraphs.find((paragraph) => !/^\s*(>|```|[-*#] |\*\*[^*]*\*\*\s*$|$)/.test(paragraph));
  const source = firstWords(plain(prose ?? ""));
  const isAside = /^(\W|OAuth|Note|Warning|Deprecated|You must|This endpoint requires)/.test(source);
  const fits = source.length >= 15 && target !== "" && target.split(" ").length <= MAX_TARGET_WORDS;
  return fits && !isAside && sameText(source) !== sameText(target) ? { source, target } : undefined;
}

/** A text without Markdown's links, code marks and emphasis, without tags, on one line. */
export function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "").replace(/\b_([^_\s]+)_\b/g, "$1")
    .replace(/<[^>]*>/g, " ").replaceAll("’", "'").replace(/\s+/g, " ").trim();
}

function firstWords(text: string): string {
  const sentences = text.split(/(?<=[.!?]) (?=[A-Z])/).filter((sentence) => !/^(For more|See )/.test(sentence));
  const words: string[] = [];
  for (const sentence of sentences) {
    const next = sentence.split(" ");
    if (words.length > 0 && words.length + next.length > MAX_SOURCE_WORDS) break;
    words.push(...next.slice(0, MAX_SOURCE_WORDS));
  }
  return words.join(" ");
}

/** The pairs of several `types.d.ts`, each source once. */
export function chooseEndpoints(types: readonly string[]): Pair[] {
  const pairs = types.flatMap(parseEndpointComments).flatMap((comment) => endpointPair(comment) ?? []);
  return withoutRepeats(pairs, ({ source }) => sameText(source));
}

/** The files of the task, from a folder with the packages. */
export function extractEndpointSummaries(nodeModules: string): Record<string, string> {
  const read = (path: string) => readPackageFile(nodeModules, `@octokit/${path}`, PACKAGES.join(" "));
  const pairs = chooseEndpoints([read("openapi-types/types.d.ts"), read("openapi-types-ghec/types.d.ts")]);
  const notice = [
    "The tables in this folder hold descriptions and summaries of GitHub's endpoints, from the npm packages",
    `${PACKAGES.join(" and ")}, under the licences that follow. Changes: first`,
    "sentences without markup, divided into training, validation and test by tools/extract_endpoint_summaries.ts.",
    ...PACKAGES.flatMap((name) => ["", `${name}:`, "", read(`${name.split(/[/@]/)[2]}/LICENSE`).trim()]),
  ].join("\n") + "\n";
  return taskFiles(splitByHash(pairs, ({ source }) => sameText(source), SHARES), notice);
}

if (import.meta.main) runExtraction("extract_endpoint_summaries.ts", "samsum", extractEndpointSummaries);
