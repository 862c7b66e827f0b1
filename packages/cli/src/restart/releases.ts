/**
 * Releases: code that an update brought, each in a folder of its own below `STUDIO_DIR/releases`. The link
 * `STUDIO_DIR/current` names the one that starts; without it the installation itself does.
 *
 * A new release is on trial until it says that it is healthy:
 *
 *     begin ─► trying ─► confirmed
 *                └─────► rolled back      it ended, or was not healthy in time, or was started a second time
 *
 * Everything here is synchronous and made of single renames: it also runs in the last moment of a process, and a process
 * may be killed between any two steps.
 */
import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { JsonObject } from "@hearth/protocol";

/** Kept in `STUDIO_DIR/update.json`. */
export interface Trial {
  readonly state: "trying" | "confirmed" | "rolled_back";
  /** name of the release before; null: the installation itself */
  readonly from: string | null;
  readonly to: string;
  /** how many times it was started before it was confirmed */
  readonly starts: number;
  /** why it was rolled back; "" otherwise */
  readonly reason: string;
  /** the operator was told how it ended */
  readonly isTold: boolean;
  /** what `version.json` is to say once it is confirmed */
  readonly versions: JsonObject;
}

export class Releases {
  readonly #studio: string;

  constructor(studio: string) {
    this.#studio = studio;
  }

  /** Folder of a release. */
  folder(name: string): string {
    return path.join(this.#studio, "releases", name);
  }

  /** Name of the release that starts; undefined: the installation itself. */
  get current(): string | undefined {
    try {
      return path.basename(readlinkSync(this.#link));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  get trial(): Trial | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8")) as Trial;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Puts a release, whose folder is complete, on trial: the next start is its first. */
  begin(to: string, versions: Trial["versions"]): void {
    const from = this.current ?? null;
    this.#write({ state: "trying", from, to, starts: 0, reason: "", isTold: false, versions });
    this.#pointTo(to);
  }

  /** Takes a release without a trial: nothing of it runs. */
  switchTo(name: string): void {
    this.#pointTo(name);
  }

  /**
   * Which release is to start now. One that is on trial starts once; when it has to start again without having been
   * confirmed, it is rolled back first.
   */
  toStart(): string | undefined {
    const trial = this.trial;
    if (trial?.state !== "trying") return this.current;
    if (this.current !== trial.to) {
      // The process died between noting the trial and switching, or in the middle of rolling back.
      if (trial.starts > 0) this.rollBack("it ended before it was healthy");
      else rmSync(this.#file, { force: true });
      return this.current;
    }
    if (trial.starts > 0) {
      this.rollBack("it ended before it was healthy");
      return this.current;
    }
    this.#write({ ...trial, starts: trial.starts + 1 });
    return trial.to;
  }

  /** A start that somebody ended in order does not count. */
  forgetStart(): void {
    const trial = this.trial;
    if (trial?.state === "trying") this.#write({ ...trial, starts: 0 });
  }

  /** The release on trial is healthy. Gives the trial when this is news. */
  confirm(): Trial | undefined {
    const trial = this.trial;
    if (trial?.state !== "trying" || trial.to !== this.current) return undefined;
    this.#write({ ...trial, state: "confirmed" });
    return trial;
  }

  /** The one before comes back. False when nothing is on trial. */
  rollBack(reason: string): boolean {
    const trial = this.trial;
    if (trial?.state !== "trying") return false;
    // The link first: a process that dies between the two rolls back again at the next start.
    if (trial.from === null) rmSync(this.#link, { force: true });
    else this.#pointTo(trial.from);
    this.#write({ ...trial, state: "rolled_back", reason });
    return true;
  }

  /** Notes that the operator was told how the trial ended. */
  told(): void {
    const trial = this.trial;
    if (trial !== undefined) this.#write({ ...trial, isTold: true });
  }

  get #link(): string {
    return path.join(this.#studio, "current");
  }

  get #file(): string {
    return path.join(this.#studio, "update.json");
  }

  #pointTo(name: string): void {
    const temporary = `${this.#link}.new`;
    rmSync(temporary, { force: true });
    symlinkSync(path.join("releases", name), temporary);
    renameSync(temporary, this.#link);
  }

  #write(trial: Trial): void {
    mkdirSync(this.#studio, { recursive: true });
    const temporary = `${this.#file}.new`;
    writeFileSync(temporary, `${JSON.stringify(trial, null, 2)}\n`, { flush: true });
    renameSync(temporary, this.#file);
  }
}
