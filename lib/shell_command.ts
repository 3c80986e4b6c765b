/** The command that runs the program with these arguments, as a shell takes it: `./run reproduce --results 'a b'`. */
export function shellCommand(args: readonly string[]): string {
  return ["./run", ...args].map(shellWord).join(" ");
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
