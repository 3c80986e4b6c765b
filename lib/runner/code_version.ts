/** The commit that the code is of, and whether it has been changed since. */
export interface CodeVersion {
  readonly commit: string;
  readonly dirty: boolean;
}

export async function codeVersion(): Promise<CodeVersion> {
  return {
    commit: await git("rev-parse", "HEAD"),
    dirty: await git("status", "--porcelain", "--", ".", ":(exclude)results") !== "",
  };
}

/** What git prints, or "unknown" outside a repository. */
async function git(...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return "unknown";
  }
}
