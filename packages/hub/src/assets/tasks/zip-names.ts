/** Names inside an archive: harmless wherever it is unpacked, and each once. */

/** File systems give up at 255 bytes. */
const MAX_BYTES = 200;
/** Names that Windows takes for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** A plain file name without folders, made of a name that anybody may have given. */
export function safeName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? "";
  const plain = base
    .replace(/[\u0000-\u001f\u007f<>:"|?*]/g, "_")
    // Invisible marks that turn the direction of writing hide what a name ends in.
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/^\.+/, "_")
    .replace(/[. ]+$/, "")
    .toWellFormed();
  const named = plain === "" ? "file" : DEVICES.test(plain) ? `_${plain}` : plain;
  return shortened(named);
}

/** The names of a list in one archive: of equal ones the later get ` (1)`, ` (2)` and so on before their ending. */
export function uniqueNames(names: readonly string[]): string[] {
  // Case does not tell files apart everywhere.
  const taken = new Set<string>();
  return names.map((given) => {
    const name = safeName(given);
    const { stem, extension } = split(name);
    let unique = name;
    for (let copy = 1; taken.has(unique.toLowerCase()); copy += 1) unique = `${stem} (${copy})${extension}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const { stem, extension } = split(name);
  let kept = "";
  for (const char of stem) {
    if (Buffer.byteLength(kept + char + extension) > MAX_BYTES) break;
    kept += char;
  }
  return kept + extension;
}

function split(name: string): { stem: string; extension: string } {
  const at = name.lastIndexOf(".");
  return at <= 0 || name.length - at > 17
    ? { stem: name, extension: "" }
    : { stem: name.slice(0, at), extension: name.slice(at) };
}
