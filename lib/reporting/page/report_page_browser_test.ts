import { assert, assertEquals } from "@std/assert";
import { testInFolder } from "#lib/test_folder.ts";
import { escapeHtml } from "../escape_text.ts";
import { formatReportPage } from "./report_page.ts";
import { examplePage, HOSTILE, HOSTILE_SEEN } from "./test_page.ts";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];
/** Of a telephone, in CSS pixels. */
const WIDTH = 360;

/** The first browser that is installed; undefined where none is, or none may be run. */
async function findBrowser(): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "run", command: "sh" });
  if (state !== "granted" || Deno.build.os === "windows") return undefined;
  const script = BROWSERS.map((name) => `command -v ${name}`).join(" || ");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output();
  return new TextDecoder().decode(stdout).trim() || undefined;
}

const browser = await findBrowser();

/** A test with a headless browser, ignored where there is none. */
function browserTest(name: string, fn: (folder: string) => Promise<void>): void {
  testInFolder(name, fn, { cannotRun: browser === undefined ? "no Chromium here" : undefined });
}

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"],
  ...["--disable-background-networking", "--disable-sync", "--enable-logging=stderr", "--v=0", "--hide-scrollbars"],
];

/** Opens a file of the folder; the page as it is after loading, and what it wrote to the console. */
async function open(folder: string, file: string): Promise<{ dom: string; console: string[] }> {
  const flags = [...FLAGS, `--user-data-dir=${folder}/profile`, "--dump-dom", `file://${folder}/${file}`];
  // Through the shell, which the test suite may run.
  const args = ["-c", 'exec "$@"', "sh", browser!, ...flags];
  const { stdout, stderr } = await new Deno.Command("sh", { args, stdout: "piped", stderr: "piped" }).output();
  const lines = new TextDecoder().decode(stderr).split("\n");
  return { dom: new TextDecoder().decode(stdout), console: lines.filter((line) => line.includes(":CONSOLE")) };
}

/** What the browser tells of the page. */
interface Measured {
  readonly hacked: unknown;
  readonly width: number;
  readonly scrollWidth: number;
  readonly loaded: number;
  readonly active: readonly string[];
  readonly texts: readonly string[];
  readonly headings: readonly number[];
  readonly landmarks: readonly string[];
  readonly tables: readonly boolean[];
  readonly pictures: readonly (readonly string[])[];
  readonly scheme: string;
}

/** Runs in the page around the report, which itself runs nothing; the report has the origin of this page. */
const MEASURE = `
  console.error("the console is heard");
  addEventListener("load", () => {
    const frame = document.querySelector("iframe");
    const page = frame.contentDocument, all = (selector) => [...page.querySelectorAll(selector)];
    for (const details of all("details")) details.open = true;
    const nameOf = (element, attribute) => page.getElementById(element.getAttribute(attribute))?.textContent ?? "";
    document.querySelector("pre").textContent = JSON.stringify({
      hacked: window.hacked ?? null,
      width: page.documentElement.clientWidth,
      scrollWidth: page.documentElement.scrollWidth,
      loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
      active: [
        ...all("script, img, iframe, object, embed, link, base, form, [href]:not([href^='#'])").map((e) => e.tagName),
        ...all("*").flatMap((e) => [...e.attributes]).map(({ name }) => name).filter((name) => name.startsWith("on")),
      ],
      texts: all(".responses dd").map((e) => e.textContent),
      headings: all("h1, h2, h3, h4, h5, h6").map((e) => Number(e.tagName[1])),
      landmarks: all("main, nav[aria-label], body > header, footer, html[lang=en]").map((e) => e.tagName.toLowerCase()),
      tables: all("table").map((table) =>
        table.caption?.textContent !== "" && [...table.querySelectorAll("th")].every((th) => th.scope) &&
        [...table.querySelectorAll("tbody tr")].every((row) => row.cells[0].tagName === "TH")),
      pictures: all("svg").map((svg) => [svg.getAttribute("role"), nameOf(svg, "aria-labelledby"), nameOf(svg, "aria-describedby")]),
      scheme: frame.contentWindow.getComputedStyle(page.documentElement).colorScheme,
    });
  });
`;

/** The report in a frame of a telephone's width, measured from around it. */
async function measure(folder: string, page: string): Promise<{ measured: Measured; console: string[] }> {
  const frame = `<iframe style="border:0;width:${WIDTH}px;height:800px" srcdoc="${
    escapeHtml(page, { keepLines: true })
  }">`;
  const around = `<!doctype html><meta charset="utf-8"><pre></pre>${frame}</iframe><script>${MEASURE}</script>`;
  await Deno.writeTextFile(`${folder}/around.html`, around);
  const { dom, console } = await open(folder, "around.html");
  const json = /<pre>([^<]*)<\/pre>/.exec(dom)?.[1] ?? "";
  const entities: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
  return { measured: JSON.parse(json.replace(/&(lt|gt|amp);/g, (entity) => entities[entity])), console };
}

browserTest("from disk the page opens without an error or a refused request on the console", async (folder) => {
  await Deno.writeTextFile(`${folder}/index.html`, formatReportPage(await examplePage(HOSTILE, HOSTILE)));
  const { dom, console } = await open(folder, "index.html");
  assert(dom.includes("<h1>Results"), dom.slice(0, 200));
  assertEquals(console, []);
});

browserTest(
  "a hostile text is shown as text, nothing runs, nothing is loaded, and no page scrolls sideways",
  async (folder) => {
    for (const text of [HOSTILE, "x".repeat(3000), "\u05d0\u05d1 \u0627\u0644 ".repeat(40)]) {
      const { measured, console } = await measure(folder, formatReportPage(await examplePage("walls", text)));
      assertEquals(console.length, 1, console.join("\n"));
      const { hacked, width, scrollWidth, loaded, active, texts } = measured;
      assertEquals({ hacked, loaded, active }, { hacked: null, loaded: 0, active: [] });
      assertEquals([width, scrollWidth], [WIDTH, WIDTH]);
      // Of methods that are rows of no table, by their names, one of which is the text.
      const seen = { sft: "r\n\tr", kd: "empty", [text]: text === HOSTILE ? HOSTILE_SEEN : text };
      assertEquals(texts, Object.keys(seen).sort().map((method) => seen[method]));
    }
  },
);

browserTest(
  "the page has its landmarks, headings in order, tables with headers and pictures with words",
  async (folder) => {
    const { measured } = await measure(folder, formatReportPage(await examplePage("walls", "Plain text")));
    assertEquals(measured.landmarks, ["html", "header", "nav", "main", "footer"]);
    assertEquals(measured.headings.filter((level) => level === 1), [1]);
    assert(
      measured.headings.every((level, i) => i === 0 || level <= measured.headings[i - 1] + 1),
      `${measured.headings}`,
    );
    assertEquals(measured.tables, [true, true]);
    assertEquals(measured.pictures.length, 3);
    for (const [role, title, description] of measured.pictures) {
      assertEquals([role, title], ["img", "Plain text"]);
      assert(description.includes("at step 20"), description);
    }
    assertEquals(measured.scheme, "light dark");
  },
);
