import { z } from "zod";

/** The longest time that a timer can wait. */
const MAX_SECONDS = 86_400;

/** How an endpoint is asked, whoever answers there. */
export const REQUEST_SETTINGS = {
  parallel: z.int().min(1).default(4).describe("requests under way at once, at most"),
  retries: z.int().min(0).default(5).describe("further tries of a request that was refused for now, or broken off"),
  timeoutSeconds: z.number().gt(0).max(MAX_SECONDS).default(60).describe(
    "of a request, until its whole answer is there",
  ),
};
