/** The Vulkan driver that tasks compute on: a GPU's that is there already, else Mesa's CPU driver from Debian's packages. */

/** What of the machine this asks for and changes; stood in for by tests. */
export interface Machine {
  readonly os: string;
  readonly isRoot: boolean;
  /** A variable of the environment. */
  get(variable: string): string | undefined;
  /** The names in a folder; none where it is missing or may not be read. */
  list(folder: string): readonly string[];
  /** Runs a program; undefined where there is none of that name. */
  run(program: string, ...args: string[]): { success: boolean; text: string } | undefined;
  say(message: string): void;
}

const MANIFESTS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Installs what is missing, where it may, and says so. A missing driver is no failure here: the program says so itself. */
export function provideAdapter(machine: Machine): void {
  if (machine.os !== "linux") return; // macOS has Metal, Windows DirectX 12
  const lacking = !hasDriver(machine) ? "mesa-vulkan-drivers" : !hasLoader(machine) ? "libvulkan1" : undefined;
  if (lacking === undefined) return;
  if (machine.run("apt-get", "--version") === undefined) {
    const remedy = "install a GPU driver, or Mesa's CPU driver (lavapipe)";
    return machine.say(`no Vulkan driver found, nor apt-get to install one: ${remedy}`);
  }
  const prefix = machine.isRoot ? [] : ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"];
  if (!machine.isRoot && !machine.run("sudo", "-n", "true")?.success) {
    return machine.say(
      `the Vulkan package ${lacking} is not here, and installing it needs root: sudo apt-get install ${lacking}`,
    );
  }
  machine.say(`installing the Vulkan package ${lacking} with apt-get`);
  const aptGet = (...args: string[]) => {
    const [program, ...words] = [...prefix, "apt-get", ...args];
    return machine.run(program, ...words)!;
  };
  // A source that cannot be updated need not be the one that has the package.
  const update = aptGet("update", "-qq");
  const install = aptGet("install", "-y", "-qq", "--no-install-recommends", lacking);
  if (install.success) return;
  const reason = /^[EW]: .*$/m.exec(update.text)?.[0] ?? /^E: .*$/m.exec(install.text)?.[0] ?? "no reason given";
  machine.say(`apt-get could not install ${lacking} (is there a network?): ${reason}`);
}

function hasLoader({ list }: Machine): boolean {
  const libraries = [
    "/usr/lib",
    ...list("/usr/lib").filter((name) => /-linux-gnu/.test(name)).map((name) => `/usr/lib/${name}`),
  ];
  return [...libraries, "/usr/lib64", "/usr/local/lib"].some((folder) => list(folder).includes("libvulkan.so.1"));
}

/** A CPU driver's manifest, or another one's together with a GPU device. */
function hasDriver({ get, list }: Machine): boolean {
  if (get("VK_DRIVER_FILES") || get("VK_ICD_FILENAMES")) return true;
  const manifests = MANIFESTS.flatMap((folder) => list(folder)).filter((name) => name.endsWith(".json"));
  if (manifests.some((name) => /^lvp_|swiftshader/.test(name))) return true;
  const hasGpu = list("/dev").some((name) => /^(nvidia\d.*|dxg)$/.test(name)) ||
    list("/dev/dri").some((name) => name.startsWith("renderD"));
  return manifests.length > 0 && hasGpu;
}
