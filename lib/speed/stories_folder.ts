/** Where the trained model is that `generate/stories260K` continues a text with. */
export const STORIES_FOLDER = decodeURIComponent(
  new URL("../tokenizers/testdata/stories260K", import.meta.url).pathname,
);
