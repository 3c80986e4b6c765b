const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes as people say it, in powers of 1000: `523 B`, `1.2 kB`, `548 MB`. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // What would be rounded to 1000 is 1 of the next.
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}
