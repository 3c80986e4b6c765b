/**
 * Something the user can mend: an argument, a setting, a file. The message is one line that says what was wrong,
 * where (file, line, key), and what would be right; the command line prints it without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
