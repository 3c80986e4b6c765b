/** What this machine is called among those that share a folder: Slurm's name of the node, else the host's. */
export function hostHere(): string {
  // Two nodes of one machine, as in tests, are two for Slurm; a process that may not ask has the name that all such have.
  const node = may({ name: "env", variable: NODE }) ? Deno.env.get(NODE) : undefined;
  return node || (may({ name: "sys", kind: "hostname" }) ? Deno.hostname() : "this machine");
}

const NODE = "SLURMD_NODENAME";

function may(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
