/** What a file says about how it was made. */

/** JSON texts as found; the last of each kind counts. */
export interface EmbeddedTexts {
  workflow?: string;
  prompt?: string;
}

/** Keeps a text if its key is one of the two, in whatever case: container formats change it. */
export function keep(texts: EmbeddedTexts, key: string, text: string): void {
  const name = key.toLowerCase();
  if (name === "workflow" || name === "prompt") texts[name] = text;
}

/** Keeps `workflow:{…}` and `prompt:{…}`. */
export function keepLabelled(texts: EmbeddedTexts, text: string): void {
  const colon = text.indexOf(":");
  if (colon > 0 && colon <= "workflow".length) keep(texts, text.slice(0, colon), text.slice(colon + 1));
}
