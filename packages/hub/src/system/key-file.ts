/**
 * `<studio directory>/api-key`: where `hearth keys` and a start find the server's own key. A key that was changed at run
 * time is kept in the database and wins over the environment, so the file follows it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Environment } from "./environment.ts";

/**
 * Brings the file up to the key that was changed, now and with every change; a change that a dead hub could not note is
 * made good. Where no key was changed, the file is left alone: a key of the environment belongs on no disk.
 * @param failed hears of a file that could not be written
 */
export function followKey(
  environment: Pick<Environment, "kept" | "onChange">,
  studio: string,
  failed: (error: unknown) => void,
): void {
  const follow = (): void => {
    const key = environment.kept("API_KEY");
    if (key === undefined) return;
    try {
      writeKey(path.join(studio, "api-key"), key);
    } catch (error) {
      failed(error);
    }
  };
  environment.onChange((name) => {
    if (name === "API_KEY") follow();
  });
  follow();
}

function writeKey(file: string, key: string): void {
  const text = `${key}\n`;
  if (read(file) === text) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
