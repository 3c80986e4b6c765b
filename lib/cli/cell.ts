import { visibleJson } from "#lib/visible_text.ts";
import { cellAt } from "#lib/runner/cell.ts";
import { LocalComputer } from "#lib/runner/compute_cell.ts";
import { presentOf } from "#lib/runner/freshness.ts";
import { ordersFor, ordersFrom, sendingWatcher, serve } from "#lib/runner/worker.ts";
import type { Message } from "#lib/runner/worker_messages.ts";
import { defineCommand } from "./command.ts";
import {
  CHECKPOINT_FLAG,
  chooseProfile,
  DEFAULT_CHECKPOINT_SECONDS,
  givenArguments,
  RESULTS_FLAGS,
} from "./results_flags.ts";

export const cell = defineCommand({
  name: "cell",
  positional: { name: "CELL", kind: "text", min: 0 },
  stopsByItself: true,
  flags: { ...RESULTS_FLAGS, "checkpoint-every": CHECKPOINT_FLAG },
  async run({ positional, flags }, context) {
    const { terminal } = context;
    const chosen = await chooseProfile([], flags, context);
    const { name: profileName, profile, allExperiments: experiments, resultsFolder } = chosen;
    for (const address of positional) cellAt(address, experiments);
    const stop = new AbortController();
    context.stop.addEventListener("abort", () => stop.abort(context.stop.reason));
    const send = (message: Message) => terminal.print(visibleJson(message));
    await using computer = await LocalComputer.open({
      ...{ resultsFolder, profileName },
      watcher: sendingWatcher(send),
      present: presentOf(profile, flags.data, undefined),
      dataFolder: flags.data,
      checkpointSeconds: flags["checkpoint-every"] ?? DEFAULT_CHECKPOINT_SECONDS,
      otherArguments: givenArguments(flags),
      stop: stop.signal,
    });
    const orders = positional.length > 0 ? ordersFor(positional) : ordersFrom(Deno.stdin.readable);
    const errors = await serve(orders, computer, { experiments, send, stop });
    if (errors.length > 0) throw errors[0];
    return 0;
  },
});
