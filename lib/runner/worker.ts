import { Interrupted } from "#lib/errors.ts";
import type { Experiment } from "#lib/bench/experiment.ts";
import { cellAt } from "./cell.ts";
import type { CellComputer, CellWatcher } from "./compute_cell.ts";
import { linesOf, type Message, type Order, sentError } from "./worker_messages.ts";

export interface WorkerOptions {
  readonly experiments: readonly Experiment[];
  send(message: Message): void;
  /** Stops what is being computed: it is saved, and ends with the reason. */
  readonly stop: AbortController;
}

/** Follows cells by sending what is said of them. */
export function sendingWatcher(send: WorkerOptions["send"]): CellWatcher {
  return {
    say: (_, message) => send({ say: message }),
    progress: (_, progress) => send({ progress }),
    note: (message) => send({ note: message }),
  };
}

/**
 * Computes the cells of orders one after the other and sends what each gave, or why it failed.
 *
 * @returns what cells failed with
 */
export async function serve(
  orders: AsyncIterable<Order>,
  computer: CellComputer,
  { experiments, send, stop }: WorkerOptions,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const answer = async (address: string, waits: boolean) => {
    try {
      const cell = cellAt(address, experiments);
      stop.signal.throwIfAborted();
      send({ cell: address, done: await computer.compute(cell, waits) });
    } catch (error) {
      errors.push(error);
      send({ cell: address, failed: sentError(error) });
    }
  };
  let last = Promise.resolve();
  for await (const order of orders) {
    // Read while a cell is being computed: it is to be stopped.
    if ("stop" in order) stop.abort(new Interrupted(order.stop));
    else last = last.then(() => answer(order.cell, order.waits));
  }
  await last;
  return errors;
}

/** The orders on standard input. Whoever gave them is gone when it ends, which is an order to stop, too. */
export async function* ordersFrom(input: ReadableStream<Uint8Array>): AsyncGenerator<Order> {
  for await (const line of linesOf(input)) yield JSON.parse(line) as Order;
  yield { stop: "SIGTERM" };
}

/** The order to compute cells, with nobody else at work. */
export async function* ordersFor(addresses: readonly string[]): AsyncGenerator<Order> {
  for (const cell of addresses) yield { cell, waits: true };
}
