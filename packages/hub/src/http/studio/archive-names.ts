/** Names of output files in a package: flat where they can be. */
import { safeName } from "../../assets/tasks/zip-names.ts";

/**
 * For each relative path its plain file name; files of one name keep their folders. Every name is harmless wherever the
 * archive is unpacked, and stands there once.
 */
export function archiveNames(paths: readonly string[]): string[] {
  const parts = paths.map((file) => file.split(/[/\\]/).map(safeName));
  const flat = parts.map((list) => list.at(-1) ?? "file");
  const counts = new Map<string, number>();
  // Case does not tell files apart everywhere.
  for (const name of flat) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  const taken = new Set<string>();
  return parts.map((list, index) => {
    const name = flat[index] ?? "file";
    const wanted = counts.get(name.toLowerCase()) === 1 ? name : list.join("/");
    let unique = wanted;
    for (let copy = 1; taken.has(unique.toLowerCase()); copy += 1) {
      unique = [...list.slice(0, -1), `${copy}_${name}`].join("/");
    }
    taken.add(unique.toLowerCase());
    return unique;
  });
}
