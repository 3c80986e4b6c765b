import { assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "#lib/cli/main.ts";
import { VALUE_FLAGS } from "./grants.ts";
import { type Machine, provideAdapter } from "./vulkan.ts";

/** What is said, and the programs that are run, on a machine with these files. */
function provide(folders: Record<string, string[]>, machine: Partial<Machine> = {}) {
  const said: string[] = [];
  const ran: string[] = [];
  provideAdapter({
    os: "linux",
    isRoot: true,
    get: () => undefined,
    list: (folder) => folders[folder] ?? [],
    run(...words) {
      ran.push(words.join(" "));
      return { success: true, text: "" };
    },
    say: (message) => said.push(message),
    ...machine,
  });
  return { said, ran };
}

const NOTHING = { said: [], ran: [] };
const LAVAPIPE = { "/usr/share/vulkan/icd.d": ["lvp_icd.x86_64.json"] };
const LOADER = { "/usr/lib": ["x86_64-linux-gnu"], "/usr/lib/x86_64-linux-gnu": ["libvulkan.so.1"] };

Deno.test("where there is a driver and a loader, or no Vulkan to install, nothing is done", () => {
  assertEquals(provide({ ...LAVAPIPE, ...LOADER }), NOTHING);
  const gpu = { "/etc/vulkan/icd.d": ["nvidia_icd.json"], "/dev": ["nvidia0"], "/usr/lib64": ["libvulkan.so.1"] };
  assertEquals(provide(gpu), NOTHING);
  assertEquals(provide({}, { os: "darwin" }), NOTHING);
  assertEquals(provide(LOADER, { get: (name) => name === "VK_DRIVER_FILES" ? "/a.json" : undefined }), NOTHING);
});

Deno.test("what is missing is installed by root, or by sudo where that asks nothing", () => {
  const { said, ran } = provide({ "/etc/vulkan/icd.d": ["nvidia_icd.json"] });
  assertEquals(said, ["installing the Vulkan package mesa-vulkan-drivers with apt-get"]);
  assertEquals(ran.slice(1), [
    "apt-get update -qq",
    "apt-get install -y -qq --no-install-recommends mesa-vulkan-drivers",
  ]);
  assertMatch(
    provide(LAVAPIPE, { isRoot: false }).ran.at(-1)!,
    /^sudo -n env DEBIAN\S+ apt-get install .* libvulkan1$/,
  );
});

Deno.test("where it cannot be installed one line says what to do", () => {
  const none = provide({}, { run: () => undefined });
  assertMatch(none.said.join(), /^no Vulkan driver found, nor apt-get to install one: install a GPU driver, or Mesa/);
  const run = (program: string) => program === "sudo" ? undefined : { success: true, text: "" };
  const needsRoot = provide({}, { isRoot: false, run });
  assertMatch(needsRoot.said.join(), /needs root: sudo apt-get install mesa-vulkan-drivers$/);
  const failing = (_: string, ...words: string[]) => ({
    success: words[0] !== "install",
    text: words[0] === "install" ? "Reading\nE: Unable to locate package" : "W: no source\n",
  });
  assertMatch(
    provide({}, { run: failing }).said[1],
    /^apt-get could not install \S+ \(is there a network\?\): W: no source$/,
  );
});

Deno.test("the flags whose value follows are those of the commands", () => {
  const flags = COMMANDS.flatMap(({ flags }) => Object.entries(flags));
  const taking = flags.filter(([, { kind }]) => kind !== "switch").map(([name]) => `--${name}`);
  assertEquals([...VALUE_FLAGS].sort(), [...new Set(taking)].sort());
});
