/** Attributes of divergences between two policies. */
export interface TemperatureAttrs {
  /** Divides the logits of both; 1 leaves them as they are. */
  readonly temperature: number;
}

/** @throws {RangeError} where the temperature is not positive. */
export function inverseTemperature(op: string, { temperature }: TemperatureAttrs): number {
  if (!(temperature > 0)) throw new RangeError(`Cannot run ${op}: temperature is ${temperature}, not positive`);
  return 1 / temperature;
}
