import { assertEquals } from "@std/assert";

const PROJECT = new URL("../../", import.meta.url);

/** Asks for the network in a process of its own, with permissions and arguments of its own and nobody to answer a prompt. */
async function ask(
  url: string,
  permissions: readonly string[],
  args: readonly string[],
  asked?: string,
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const permission = JSON.stringify(new URL("./judge_network.ts", import.meta.url).href);
    const program = `import { permitJudge } from ${permission};
      try { await permitJudge(${JSON.stringify({ url })}, ${JSON.stringify({ asked })}); console.log("granted"); }
      catch (error) { console.log(error.name + ": " + error.message); }`;
    await Deno.writeTextFile(`${folder}/program.js`, program);
    const process = new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--ignore-env",
        "--config",
        "deno.json",
        ...permissions,
        `${folder}/program.js`,
        ...args,
      ],
      cwd: PROJECT,
      stdin: "null",
    });
    const { stdout, stderr } = await process.output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const REFUSED =
  "InputError: judge.url is at h.test:8080, which this process may not reach; run instead: ./run reproduce";

Deno.test("a task without the network is refused in one line that tells the command which has it", async () => {
  const url = "http://h.test:8080/v1";
  const setting = `judge.url=${url}`;
  assertEquals(await ask(url, [], ["reproduce"]), `${REFUSED} --set ${setting}\n`);
  assertEquals(await ask(url, [], ["reproduce", "--set", setting]), `${REFUSED} --set ${setting}\n`);
  assertEquals(await ask(url, [], ["reproduce", `--set=${setting}`]), `${REFUSED} --set=${setting}\n`);
  assertEquals(
    await ask(url, ["--allow-net=h.test:80"], ["reproduce", "--set", "a=[1, 'x']", "--results", "../out"]),
    `${REFUSED} --set 'a=[1, '\\''x'\\'']' --results ../out --set ${setting}\n`,
  );
  const oracle = "preferences.oracle=judge";
  assertEquals(await ask(url, [], ["reproduce"], oracle), `${REFUSED} --set ${setting} --set ${oracle}\n`);
  assertEquals(
    await ask(url, [], ["reproduce", "--set", oracle], oracle),
    `${REFUSED} --set ${oracle} --set ${setting}\n`,
  );
  // What ./run would not find is written as it would.
  assertEquals(
    await ask("HTTP://H.test:8080/v1", [], ["reproduce", "--set", "judge.url=HTTP://H.test:8080/v1"]),
    `${REFUSED} --set judge.url=HTTP://H.test:8080/v1 --set ${setting}\n`,
  );
});

Deno.test("a task with the network of the judge's host is let through", async () => {
  assertEquals(await ask("http://h.test:8080/v1", ["--allow-net=h.test:8080"], ["reproduce"]), "granted\n");
  assertEquals(await ask("https://[::1]/v1", ["--allow-net=[::1]:443"], ["reproduce"]), "granted\n");
});
