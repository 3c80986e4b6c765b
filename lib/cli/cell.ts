import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { InputError } from "#lib/errors.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { besideName, isBeside, profileOf } from "#lib/results/place.ts";
import { placeToWrite } from "#lib/runner/adapter_place.ts";
import { cellAt } from "#lib/runner/cell.ts";
import { LocalComputer, type LocalOptions } from "#lib/runner/compute_cell.ts";
import { presentOf } from "#lib/runner/freshness.ts";
import { keepCells } from "#lib/runner/keep_cells.ts";
import { ordersFor, ordersFrom, sendingWatcher, serve } from "#lib/runner/worker.ts";
import type { Message } from "#lib/runner/worker_messages.ts";
import { type CommandContext, defineCommand, type Flags, type FlagValues } from "./command.ts";
import { namedBy } from "./profile_needs.ts";
import {
  CHECKPOINT_FLAG,
  chooseProfile,
  type ChosenProfile,
  DEFAULT_CHECKPOINT_SECONDS,
  expectNamed,
  givenArguments,
  LEASE_FLAG,
  LESS_MEMORY,
  RESULTS_FLAGS,
} from "./results_flags.ts";

const FLAGS = {
  ...RESULTS_FLAGS,
  "checkpoint-every": CHECKPOINT_FLAG,
  keep: {
    kind: "switch",
    help:
      "keeps what cells give for `reproduce` to record, in place of printing it; those that are there are left alone",
  },
  adapter: {
    kind: "text",
    value: "NAME",
    help: "with --keep: the adapter of the results; others have states of their own",
  },
  "same-adapter": { kind: "switch", help: "with --keep: refuses to compute on any other adapter" },
  lease: LEASE_FLAG,
  probe: { kind: "switch", help: "computes nothing, and prints which adapter this machine has" },
} as const satisfies Flags;

export const cell = defineCommand({
  name: "cell",
  positional: { name: "CELL", kind: "text", min: 0 },
  stopsByItself: true,
  lessMemory: LESS_MEMORY,
  flags: FLAGS,
  async run({ positional, flags }, context) {
    const { terminal } = context;
    if (flags.probe) {
      terminal.print(visibleJson({ adapter: adapterName((await requestAdapter()).info) }));
      return 0;
    }
    if (flags.lease === 0) throw new InputError("--lease 0: at least 1");
    const chosen = await chooseProfile([], flags, context);
    const { allExperiments: experiments } = chosen;
    const cells = positional.map((address) => cellAt(address, experiments));
    expectNamed({ ...chosen, named: namedBy(cells, chosen) });
    const stop = new AbortController();
    context.stop.addEventListener("abort", () => stop.abort(context.stop.reason));
    if (flags.keep) return await keep(positional, chosen, flags, context, stop);
    const send = (message: Message) => terminal.print(visibleJson(message));
    const options = { ...optionsOf(chosen, flags, stop), watcher: sendingWatcher(send) };
    await using computer = await LocalComputer.open(options);
    const orders = positional.length > 0 ? ordersFor(positional) : ordersFrom(Deno.stdin.readable);
    const errors = await serve(orders, computer, { experiments, send, stop });
    if (errors.length > 0) throw errors[0];
    return 0;
  },
});

type CellFlags = FlagValues<typeof FLAGS>;

function optionsOf(chosen: ChosenProfile, flags: CellFlags, stop: AbortController): Omit<LocalOptions, "watcher"> {
  const { name: profileName, profile, resultsFolder } = chosen;
  return {
    ...{ resultsFolder, profileName },
    present: presentOf(profile, flags.data, undefined),
    dataFolder: flags.data,
    checkpointSeconds: flags["checkpoint-every"] ?? DEFAULT_CHECKPOINT_SECONDS,
    leaseSeconds: flags.lease,
    otherArguments: givenArguments(flags),
    stop: stop.signal,
  };
}

/** The folder that cells are kept for: the one that was named with its adapter, else this machine's. */
async function placeNameOf(chosen: ChosenProfile, { adapter }: CellFlags): Promise<string> {
  const { name: profileName, profile, resultsFolder, allExperiments: experiments } = chosen;
  if (adapter !== undefined || isBeside(profileName)) return profileName;
  const question = { resultsFolder, profileName, experiments, isEverywhere: profile.trial !== undefined };
  return (await placeToWrite(question, adapterName((await requestAdapter()).info))).profileName;
}

/** Computes cells for a run that records them later. */
async function keep(
  addresses: readonly string[],
  chosen: ChosenProfile,
  flags: CellFlags,
  { terminal }: CommandContext,
  stop: AbortController,
): Promise<0 | 1> {
  const cells = addresses.map((address) => cellAt(address, chosen.allExperiments));
  const { present, ...given } = optionsOf(chosen, flags, stop);
  const options = { ...given, profileName: await placeNameOf(chosen, flags) };
  const say = (message: string) => terminal.report(`${message}\n`);
  const wanted = flags["same-adapter"] ? flags.adapter : undefined;
  const errors = await keepCells(cells, {
    ...options,
    present: { ...present, adapter: wanted },
    stop,
    say,
    async open(watcher) {
      const here = adapterName((await requestAdapter()).info);
      if (wanted !== undefined && here !== wanted) {
        throw new InputError(`this node has the adapter ${here}, and --same-adapter wants ${wanted}`);
      }
      // What another adapter has trained or begun is none of this one's.
      const isOther = flags.adapter !== undefined && here !== flags.adapter;
      const profileName = isOther ? besideName(profileOf(options.profileName), here) : options.profileName;
      return await LocalComputer.open({ ...options, present, profileName, watcher });
    },
  });
  return errors.length > 0 ? 1 : 0;
}
