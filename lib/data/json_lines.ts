import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly } from "#lib/text_file.ts";
import { describeJson as describe, isJsonObject, type JsonObject, parseJson } from "./json_text.ts";
import type { InstructionRecord } from "./records.ts";

/**
 * Reads instruction records from a file of JSON Lines: one object a line, blank lines skipped, other keys ignored.
 *
 * | what | keys |
 * |---|---|
 * | instruction | `instruction` |
 * | input | `input` or `context`; absent or null = none |
 * | answer | `output` or `response`: a text, or a list of accepted texts of which training takes the first |
 * | several answers to one instruction | `instances`: a list of objects with input and answer, each a record (Self-Instruct) |
 *
 * That covers Dolly, the files of MiniLLM and DistiLLM, and the originals of Self-Instruct.
 *
 * @throws {InputError} with file and line, if the file cannot be read or is not UTF-8, a line is no such record, or there is none
 */
export async function readInstructionFile(path: string): Promise<InstructionRecord[]> {
  const text = await readTextStrictly(path);
  if (text.trimStart().startsWith("[")) {
    throw new InputError(`Cannot read ${path}: it is a JSON list; write its objects one a line, as jq -c '.[]' does`);
  }
  const records = linesOf(text).flatMap((line, index) =>
    line.trim() === "" ? [] : parseInstructionLine(line, `${path}, line ${index + 1}`)
  );
  if (records.length === 0) {
    throw new InputError(`Cannot read ${path}: it has no records; expected one JSON object with "instruction" a line`);
  }
  return records;
}

/**
 * The records of one line: one, or one per instance.
 *
 * @param where file and line, for messages
 * @throws {InputError} if the line is no instruction record
 */
export function parseInstructionLine(line: string, where: string): InstructionRecord[] {
  const wrong = (problem: string) => new InputError(`Cannot read ${where}: ${problem}`);
  return instructionRecords(parseObject(line, wrong), wrong);
}

/**
 * The records of an object: one, or one per instance.
 *
 * @param wrong makes the error of what is wrong with it
 * @throws {InputError} if it is no instruction record
 */
export function instructionRecords(object: JsonObject, wrong: Complain): InstructionRecord[] {
  const { instruction, instances } = object;
  if (typeof instruction !== "string" || instruction.trim() === "") {
    throw wrong(`"instruction" is ${describe(instruction)} but must be a text`);
  }
  if (instances === undefined) return [parseAnswer(object, instruction, wrong)];
  if (!Array.isArray(instances) || instances.length === 0) {
    throw wrong(`"instances" is ${describe(instances)} but must be a list of objects with "input" and "output"`);
  }
  return instances.map((instance, index) => {
    const wrongInstance = (problem: string) => wrong(`instance ${index + 1}: ${problem}`);
    if (!isJsonObject(instance)) throw wrongInstance(`it is ${describe(instance)} but must be an object`);
    return parseAnswer(instance, instruction, wrongInstance);
  });
}

type Complain = (problem: string) => InputError;

function parseObject(line: string, wrong: Complain): JsonObject {
  const value = parseJson(line, wrong, "it is no JSON object on one line");
  if (!isJsonObject(value)) throw wrong(`it is ${describe(value)} but must be a JSON object with "instruction"`);
  return value;
}

function parseAnswer(object: JsonObject, instruction: string, wrong: Complain): InstructionRecord {
  const [inputKey, input] = firstOf(object, ["input", "context"]) ?? ["input", ""];
  if (typeof input !== "string") throw wrong(`"${inputKey}" is ${describe(input)} but must be a text`);
  const [answerKey, answer] = firstOf(object, ["output", "response"]) ?? ['output" or "response', undefined];
  const references = typeof answer === "string" ? [answer] : answer;
  if (!Array.isArray(references) || references.length === 0 || !references.every(isText)) {
    throw wrong(`"${answerKey}" is ${describe(answer)} but must be a text or a list of texts, none of them empty`);
  }
  return { instruction, input, response: references[0], references };
}

/** The first key with a value that is not null. */
function firstOf(object: JsonObject, keys: readonly string[]): [key: string, value: unknown] | undefined {
  const key = keys.find((key) => object[key] !== undefined && object[key] !== null);
  return key === undefined ? undefined : [key, object[key]];
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}
