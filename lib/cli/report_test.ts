import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Experiment } from "#lib/bench/experiment.ts";
import { dots } from "#lib/reporting/figures/dots.ts";
import { formatScores } from "#lib/results/scores_csv.ts";
import { buildTable } from "#lib/reporting/table.ts";
import { main } from "./main.ts";
import { report } from "./report.ts";
import { keptTerminal } from "./test_terminal.ts";
import { TEST_SECTIONS } from "#lib/bench/test_profile.ts";

const HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e";

const walls: Experiment = {
  name: "walls",
  source: "Paper, Table 1",
  description: "colours",
  sections: TEST_SECTIONS,
  methods: [{
    name: "limewash",
    summary: "",
    making: () => ({ run: "", settings: {}, numerics: {} }),
  }],
  open: () => Promise.reject(),
  report: ({ scores, profile }) => ({
    tables: {
      table: buildTable(scores, { caption: `Walls, ${profile}`, display: { limewash: { label: "Lime & wash" } } }),
    },
    figures: {
      gain: dots({
        title: "Gain",
        rows: [{ label: "Lime & wash", method: "limewash" }],
        panels: [{ values: scores }],
        x: { title: "points" },
        reference: { label: "nothing", value: 0 },
      }),
    },
  }),
};

/** A folder of results with one experiment of profile `smoke`, and a run of the command on it. */
async function withResults(fn: (folder: string, run: () => ReturnType<typeof runReport>) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/smoke/walls`, { recursive: true });
    await writeScore(folder, 0.5);
    const sample = { method: "limewash", seed: 10, dataset: "dolly", instruction: "Paint.", input: "", reference: "r" };
    await Deno.writeTextFile(
      `${folder}/smoke/walls/samples.jsonl`,
      `${JSON.stringify({ ...sample, response: HOSTILE })}\n`,
    );
    await Deno.writeTextFile(
      `${folder}/smoke/walls/provenance.json`,
      JSON.stringify({
        format: 2,
        environments: { e: { adapter: "llvmpipe", deno: "2" } },
        cells: { a: { commit: "abc", dirty: false, wallSeconds: 1, peakMemoryBytes: 1e6, peakGpuBytes: 1e6 } },
      }),
    );
    await fn(folder, () => runReport("--results", folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeScore(folder: string, value: number): Promise<void> {
  const row = {
    experiment: "walls",
    method: "limewash",
    dataset: "dolly",
    metric: "rouge_l",
    seed: 10,
    value,
    count: 4,
  };
  await Deno.writeTextFile(`${folder}/smoke/walls/scores.csv`, formatScores([row]));
}

async function runReport(...args: string[]) {
  const { terminal, printed, reported } = keptTerminal();
  const status = await main(["report", "--profile", "smoke", ...args], {
    experiments: [walls],
    terminal,
    commands: [report],
  });
  return { status, printed: printed(), reported: reported() };
}

Deno.test("the page has an experiment's table, figure, samples as text and provenance, and is the same when made again", async () => {
  await withResults(async (folder, run) => {
    const { status, printed, reported } = await run();
    assertEquals([status, printed], [0, `${folder}/smoke/index.html`]);
    assertMatch(reported, /^without changes since the last commit: .+\n$/);
    const page = await Deno.readTextFile(printed);
    for (const part of ["<caption>Walls, smoke</caption>", '<th scope="row">Lime &amp; wash</th>', ">Gain</title>"]) {
      assertStringIncludes(page, part);
    }
    assertStringIncludes(page, "<bdi>Lime &amp; wash</bdi>");
    assertStringIncludes(page, '&lt;script&gt;alert(1)&lt;/script&gt;<span class="unseen">\\u{1b}</span>[2J');
    assertStringIncludes(page, "<dd>llvmpipe</dd>");
    assert(!page.includes("<script"));
    await run();
    assertEquals(await Deno.readTextFile(printed), page);
    assertEquals([...Deno.readDirSync(`${folder}/smoke`)].map(({ name }) => name).sort(), ["index.html", "walls"]);
  });
});

Deno.test("in a repository the page tells what has changed since the last commit", async () => {
  await withResults(async (folder, run) => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
    for (const args of [["init", "--quiet"], ["add", "."], [...identity, "commit", "--quiet", "-m", "results"]]) {
      const { success } = await new Deno.Command("git", { args: ["-C", folder, ...args] }).output();
      assert(success, args.join(" "));
    }
    await writeScore(folder, 0.75);
    const { status, printed, reported } = await run();
    assertEquals([status, reported], [0, ""]);
    const [, changes] = (await Deno.readTextFile(printed)).split('<h2 id="changes-heading">');
    assertMatch(changes, /50\.0[^]*75\.0/);
  });
});

Deno.test("without scores there is no page, and the message says what makes them", async () => {
  await withResults(async (folder, run) => {
    await Deno.remove(`${folder}/smoke/walls/scores.csv`);
    const { status, reported } = await run();
    assertEquals([status, reported], [
      2,
      `error: ${folder}/smoke: no scores; ./run reproduce --profile smoke makes them\n`,
    ]);
  });
});
