/** Texts with choices in braces and comments, as the editor resolves them before it sends them. */

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/** Draws a number from [0, 1). */
export type Random = () => number;

/**
 * Cuts comments, takes one choice of each `{a|b}` (also nested), and resolves the escapes `\{`, `\}` and `\|`.
 * A brace that is never closed ends with the text.
 */
export function resolveDynamicPrompt(text: string, random: Random): string {
  if (!/[{}\\/]/.test(text)) return text;
  return chosen(text.replace(COMMENTS, ""), random);
}

/** One level of braces is open per entry; each collects its choices. */
interface Block {
  readonly choices: string[];
  text: string;
}

function chosen(text: string, random: Random): string {
  const open: Block[] = [];
  let top: Block = { choices: [], text: "" };
  const close = (): void => {
    const choices = [...top.choices, top.text];
    const choice = choices[Math.min(choices.length - 1, Math.floor(random() * choices.length))] as string;
    top = open.pop() as Block;
    top.text += choice;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === "\\" && at + 1 < text.length) {
      const next = text[(at += 1)] as string;
      top.text += "{}|".includes(next) ? next : `\\${next}`;
    } else if (char === "{") {
      open.push(top);
      top = { choices: [], text: "" };
    } else if (char === "}" && open.length > 0) close();
    else if (char === "|" && open.length > 0) {
      top.choices.push(top.text);
      top.text = "";
    } else top.text += char;
  }
  while (open.length > 0) close();
  return top.text;
}
