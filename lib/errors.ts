/**
 * Something the user can mend: an argument, a setting, a file. The message is one line that says what was wrong,
 * where (file, line, key), and what would be right; the command line prints it without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}

/**
 * Something about the disk that a person must mend: it is full, read-only, or something else is in the way. The message is one line that
 * says what could not be done, why, and what to do; the command line prints it without a stack trace and exits with 1.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
}

/** A file that is not what was written: truncated, or with bytes that have changed. The message names it and says what is wrong. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/** The run was asked to stop, and has: what it had done is saved. The command line exits with 128 + the signal's number. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: "SIGINT" | "SIGTERM";

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** What was thrown first, where something else was thrown while what was open then was closed. */
export function firstThrown(error: unknown): unknown {
  return error instanceof SuppressedError ? firstThrown(error.suppressed) : error;
}
