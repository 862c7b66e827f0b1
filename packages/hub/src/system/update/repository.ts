/** The git repository that updates come from: a shallow copy in `STUDIO_DIR/.repo`, which is never served or run. */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, parseJson } from "@hearth/protocol";
import { type SimpleGit, simpleGit } from "simple-git";

/** Without a word from git for so long, the network is given up. */
const SILENCE_MS = 60_000;

export interface Source {
  readonly url: string;
  readonly branch: string;
}

export class Repository {
  readonly #folder: string;
  readonly #source: () => Source;

  /** @param source asked at each fetch */
  constructor(folder: string, source: () => Source) {
    this.#folder = folder;
    this.#source = source;
  }

  /**
   * Fetches the newest commit of the branch; a copy that cannot is thrown away and made anew.
   * @returns the commit's hash @throws Error when neither works
   */
  async fetch(): Promise<string> {
    try {
      return await this.#fetchInto();
    } catch {
      await rm(this.#folder, { recursive: true, force: true });
      return this.#fetchInto();
    }
  }

  async #fetchInto(): Promise<string> {
    const { url, branch } = this.#source();
    if (url === "") throw new Error("REPO_URL is not set: there is nothing to update from");
    // git would take what begins with a hyphen for an option.
    if (url.startsWith("-") || branch.startsWith("-"))
      throw new Error("REPO_URL or REPO_BRANCH begins with a hyphen");
    await mkdir(this.#folder, { recursive: true });
    const git = this.#git();
    await git.raw("init", "--quiet");
    await git.raw("fetch", "--quiet", "--depth", "1", "--no-tags", url, `+refs/heads/${branch}:refs/update`);
    return (await git.raw("rev-parse", "refs/update")).trim();
  }

  /** `version.json` at a commit. @throws Error when there is none, or it is no JSON object */
  async versions(commit: string): Promise<JsonObject> {
    const value = parseJson(await this.#git().raw("show", `${commit}:version.json`));
    if (!isJsonObject(value)) throw new Error("version.json is no JSON object");
    return value;
  }

  /** Whether a commit has a file or folder. */
  async has(commit: string, name: string): Promise<boolean> {
    return (await this.#git().raw("ls-tree", "--name-only", commit, "--", name)).trim() !== "";
  }

  /** Writes what a commit has below `names` (everything: none) into `target`, which is made. */
  async extract(commit: string, target: string, names: readonly string[] = ["."]): Promise<void> {
    await mkdir(target, { recursive: true });
    // An index of its own: two extractions never see each other's.
    const index = path.join(this.#folder, ".git", `index-${path.basename(target)}`);
    const git = this.#git({ GIT_INDEX_FILE: index, GIT_WORK_TREE: target });
    try {
      await git.raw("checkout", "--force", commit, "--", ...names);
    } finally {
      await rm(index, { force: true });
    }
  }

  #git(variables: Readonly<Record<string, string>> = {}): SimpleGit {
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? this.#folder,
      // Nobody sits at a terminal to be asked for a password.
      GIT_TERMINAL_PROMPT: "0",
      GIT_DIR: path.join(this.#folder, ".git"),
      ...variables,
    };
    const allowEnvironment = Object.keys(environment);
    return simpleGit({ baseDir: this.#folder, timeout: { block: SILENCE_MS }, allowEnvironment }).env(
      environment,
    );
  }
}
