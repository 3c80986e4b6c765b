/** How a test in a folder is run. */
export interface FolderTestOptions {
  /** Why it cannot run here, if so; said in its name. */
  readonly cannotRun?: string;
  /** Whether it may open the GPU device, which later tests of the process use as well. */
  readonly opensDevice?: boolean;
}

/** A test that gets a folder of its own, which is removed when it ends. */
export function testInFolder(
  name: string,
  fn: (folder: string) => Promise<void>,
  { cannotRun, opensDevice = false }: FolderTestOptions = {},
): void {
  Deno.test({
    name: cannotRun === undefined ? name : `${name} (skipped: ${cannotRun})`,
    ignore: cannotRun !== undefined,
    sanitizeResources: !opensDevice,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Makes a symbolic link: Deno makes one only with the right to write everywhere. */
export async function makeLink(path: string, target: string): Promise<void> {
  const { success } = await new Deno.Command("sh", { args: ["-c", 'ln -s "$1" "$2"', "sh", target, path] }).output();
  if (!success) throw new Error(`Cannot make the link ${path}`);
}
