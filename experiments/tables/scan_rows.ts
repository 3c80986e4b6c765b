import type { RegisteredMethod } from "#lib/bench/method_registry.ts";
import { type RecipeChanges, withRecipe } from "#lib/bench/method.ts";
import type { Scanned } from "#experiments/reports/scan_report.ts";

/** Every method with every value of a setting of its recipe, the methods of a value side by side. */
export function scanRows(
  subjects: Readonly<Record<string, RegisteredMethod>>,
  settings: readonly string[],
  { joint, words, recipe }: {
    /** Stands between method and value in the names of rows. */
    readonly joint: string;
    /** The value as labels have it. */
    readonly words: (setting: string) => string;
    readonly recipe: (value: number) => RecipeChanges;
  },
): { readonly scan: readonly Scanned[]; readonly methods: Readonly<Record<string, RegisteredMethod>> } {
  const scan = settings.flatMap((setting) =>
    Object.keys(subjects).map((method) => ({ row: `${method}${joint}${setting}`, method, setting }))
  );
  const methods = Object.fromEntries(scan.map(({ row, method, setting }) => {
    const looks = { summary: `${method}, ${words(setting)}`, label: `${subjects[method].label}, ${words(setting)}` };
    return [row, withRecipe(subjects[method], recipe(Number(setting)), looks)];
  }));
  return { scan, methods };
}
