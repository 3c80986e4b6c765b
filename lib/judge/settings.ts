import { z } from "zod";
import { type EndpointNames, isEndpoint } from "#lib/endpoint/address.ts";
import { REQUEST_SETTINGS } from "#lib/endpoint/request_settings.ts";

/** What messages call the judge and its settings. */
export const JUDGE: EndpointNames = {
  ...{ who: "judge", url: "judge.url", model: "judge.model", temperature: "judge.temperature" },
  keyVariable: "JUDGE_API_KEY",
};

/** A word that `--set` may also take away: `--set judge.url=` is YAML for null. */
const wordOrNone = z.string().nullable().default("").transform((word) => word ?? "");

/** The judge of a profile. Without a `url` there is no judge, and no column of its scores. */
export const JUDGE_SCHEMA = z.strictObject({
  url: wordOrNone.refine((url) => url === "" || isEndpoint(url), {
    message: "expected an address as in http://localhost:8080/v1, without user name and password",
  }).describe(
    "an endpoint as OpenAI's: https://host/v1, or the full address of its chat completions; empty for no judge. " +
      "Its key is the environment variable JUDGE_API_KEY",
  ),
  model: wordOrNone.describe("as the endpoint names it"),
  ...REQUEST_SETTINGS,
  temperature: z.number().min(0).default(0).describe("of the judge's sampling; 0 takes its likeliest answer"),
  maxItems: z.int().min(1).nullable().default(null).describe(
    "how many items of a set are judged, from its first on; null for all",
  ),
}).refine(({ url, model }) => url === "" || model !== "", {
  message: "judge.url needs the name of a model: set it, as in --set judge.model=NAME",
  path: ["model"],
});

export type JudgeSettings = Readonly<z.output<typeof JUDGE_SCHEMA>>;
