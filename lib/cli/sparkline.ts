const BARS = "▁▂▃▄▅▆▇█";
const WIDTH = 32;

/** Values as a line of bars, from the least to the largest; many values are thinned to what fits. */
export function sparkline(values: readonly number[]): string {
  const step = Math.max(1, (values.length - 1) / (WIDTH - 1));
  const shown = values.length <= WIDTH ? values : Array.from({ length: WIDTH }, (_, i) => values[Math.round(i * step)]);
  const [least, largest] = [Math.min(...shown), Math.max(...shown)];
  const height = (value: number) =>
    largest === least ? 0 : Math.round((value - least) / (largest - least) * (BARS.length - 1));
  return shown.map((value) => BARS[height(value)]).join("");
}
