import type { OpeningOptions } from "#lib/endpoint/examiner.ts";
import { askForNetwork } from "#lib/endpoint/network_permission.ts";
import { JUDGE, type JudgeSettings } from "./settings.ts";

type Addressed = Pick<JudgeSettings, "url">;

/** The setting beside its address by which `./run` sees that a judge is asked, where there is such a one. */
interface Asked {
  readonly asked?: string;
}

export type JudgeOpening = Omit<OpeningOptions, "settings"> & Asked;

/** The same with the settings by which `./run` sees that the judge is to be reached. */
export function asOpened(judge: Addressed, { asked, ...options }: JudgeOpening): OpeningOptions {
  return { ...options, settings: settingsOf(judge, { asked }) };
}

/**
 * Makes sure that the judge's host may be reached.
 *
 * @throws {InputError} where it may not: it tells the command that has the permission
 */
export async function permitJudge(judge: Addressed, asked: Asked = {}): Promise<void> {
  await askForNetwork(judge.url, JUDGE, { settings: settingsOf(judge, asked) });
}

function settingsOf({ url }: Addressed, { asked }: Asked): string[] {
  return [`${JUDGE.url}=${new URL(url).href}`, ...(asked === undefined ? [] : [asked])];
}
