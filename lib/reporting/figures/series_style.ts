import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";

export type Shape =
  | "circle"
  | "square"
  | "triangle-up"
  | "triangle-down"
  | "triangle-left"
  | "triangle-right"
  | "diamond";

/** How a series is told from the others: by colour, dash and marker, so that two of them can be lost. */
export interface SeriesStyle {
  readonly color: string;
  /** Lengths of dash and gap in pixels; empty for a solid line. */
  readonly dash: readonly number[];
  readonly shape: Shape;
  /** Whether the marker is filled with its colour or with white. */
  readonly filled: boolean;
}

/** A method to show, under another name than its own if there is a label. */
export interface MethodChoice {
  readonly method: string;
  readonly label?: string;
}

export interface Series {
  readonly method: string;
  readonly label: string;
  readonly style: SeriesStyle;
}

// The palette of Okabe and Ito (Color Universal Design, 2008), which the colour-blind tell apart, without its yellow, which
// is too light for lines on white, and with a grey.
const PALETTE = {
  black: "#000000",
  grey: "#767676",
  orange: "#e69f00",
  sky: "#56b4e9",
  green: "#009e73",
  blue: "#0072b2",
  vermilion: "#d55e00",
  purple: "#cc79a7",
} as const;

const LINES = { solid: [], long: [7, 3], short: [4, 2], dots: [1.5, 2], mixed: [7, 2, 1.5, 2] } as const;

/** A style by the names of its colour, line and marker. */
export function seriesStyle(
  color: keyof typeof PALETTE,
  line: keyof typeof LINES,
  shape: Shape,
  fill: "filled" | "hollow" = "filled",
): SeriesStyle {
  return { color: PALETTE[color], dash: LINES[line], shape, filled: fill === "filled" };
}

const { black, grey, orange, sky, green, blue, vermilion, purple } = PALETTE;
const COLORS = [blue, vermilion, green, orange, black, sky, purple, grey];
const DASHES = [LINES.solid, LINES.long, LINES.dots, LINES.mixed, LINES.short];
const SHAPES: readonly Shape[] = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "triangle-down",
  "triangle-left",
  "triangle-right",
];

/** The series of some methods, in their order. */
export function seriesOf(choices: readonly MethodChoice[], display: MethodDisplays = {}): Series[] {
  const styles = stylesOf(choices.map(({ method }) => method), display);
  return choices.map(({ method, label = methodLabel(method, display) }, i) => ({ method, label, style: styles[i] }));
}

/**
 * A style for each name: a method that has one its own, any other the next that is free, as a line and as a marker. Up to 40 names differ in
 * colour or dash.
 */
export function stylesOf(names: readonly string[], display: MethodDisplays = {}): SeriesStyle[] {
  const knownStyle = (name: string) => Object.hasOwn(display, name) ? display[name].style : undefined;
  const taken = names.flatMap((name) => knownStyle(name) ?? []);
  const [lines, markers] = [new Set(taken.map(lineOf)), new Set(taken.map(markerOf))];
  const isTaken = (style: SeriesStyle) => lines.has(lineOf(style)) || markers.has(markerOf(style));
  let next = 0;
  return names.map((name) => {
    const known = knownStyle(name);
    if (known) return known;
    while (isTaken(nth(next))) next++;
    return nth(next++);
  });
}

/** Colour, dash and shape run with different periods; the fill changes once all colours have been used. */
function nth(index: number): SeriesStyle {
  const round = Math.floor(index / COLORS.length);
  return {
    color: COLORS[index % COLORS.length],
    dash: DASHES[(index + round) % DASHES.length],
    shape: SHAPES[index % SHAPES.length],
    filled: round % 2 === 0,
  };
}

/** What tells two points apart. */
function markerOf({ color, shape, filled }: SeriesStyle): string {
  return `${color} ${shape} ${filled}`;
}

/** What tells two lines apart in black and white and in colour. */
function lineOf({ color, dash }: SeriesStyle): string {
  return `${color} ${dash.join(" ")}`;
}
