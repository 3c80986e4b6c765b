/** A number and its derivative in one direction (forward-mode differentiation): gradients of tests' own formulas, to rounding. */
export class Dual {
  readonly value: number;
  readonly slope: number;

  constructor(value: number, slope = 0) {
    this.value = value;
    this.slope = slope;
  }

  plus(other: Dual | number): Dual {
    const { value, slope } = dual(other);
    return new Dual(this.value + value, this.slope + slope);
  }

  minus(other: Dual | number): Dual {
    return this.plus(dual(other).times(-1));
  }

  times(other: Dual | number): Dual {
    const { value, slope } = dual(other);
    return new Dual(this.value * value, this.slope * value + this.value * slope);
  }

  over(other: Dual | number): Dual {
    const { value, slope } = dual(other);
    return new Dual(this.value / value, (this.slope - this.value / value * slope) / value);
  }

  exp(): Dual {
    return new Dual(Math.exp(this.value), Math.exp(this.value) * this.slope);
  }

  log(): Dual {
    return new Dual(Math.log(this.value), this.slope / this.value);
  }

  tanh(): Dual {
    return new Dual(Math.tanh(this.value), this.slope / Math.cosh(this.value) ** 2);
  }

  abs(): Dual {
    return this.value < 0 ? this.times(-1) : this;
  }
}

function dual(number: Dual | number): Dual {
  return typeof number === "number" ? new Dual(number) : number;
}

export function sum(terms: readonly Dual[]): Dual {
  return terms.reduce((total, term) => total.plus(term), new Dual(0));
}

/** The gradient of a function of numbers. */
export function gradientOf(f: (x: readonly Dual[]) => Dual, at: readonly number[]): number[] {
  return at.map((_, i) => f(at.map((value, j) => new Dual(value, i === j ? 1 : 0))).slope);
}
