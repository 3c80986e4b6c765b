/**
 * An SVG of this project's figures as part of a page: its ids are made the figure's own, since a page may have each once, and its title
 * and description are named as what stands for the picture. Inside a page it needs no namespace.
 *
 * @param id of the figure, unique in the page
 */
export function inlineSvg(svg: string, id: string): string {
  // In the figures' output every "<" and ">" of texts and attributes is escaped, so these are the tags and nothing else is.
  return svg.trim().replaceAll(/<[^>]*>/g, (tag) =>
    tag.replaceAll(/ id="([^"]*)"/g, ` id="${id}-$1"`)
      .replaceAll(/(url\(|href=")#([^")]*)/g, `$1#${id}-$2`)
      .replaceAll(/ (?:xmlns|version)="[^"]*"/g, "")
      .replace(/^<svg /, `<svg aria-labelledby="${id}-title" aria-describedby="${id}-desc" `)
      .replace("<title>", `<title id="${id}-title">`)
      .replace("<desc>", `<desc id="${id}-desc">`));
}

/** What the figure shows in words, as HTML text. */
export function descriptionOf(svg: string): string {
  return /<desc>([^<]*)<\/desc>/.exec(svg)?.[1] ?? "";
}

/** The figure's title, as HTML text. */
export function titleOf(svg: string): string {
  return /<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? "";
}
