/** Lets at most so many tasks run at once; the others wait, first come, first served. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      // A slot goes from hand to hand: whoever waits gets it before a newcomer can.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
