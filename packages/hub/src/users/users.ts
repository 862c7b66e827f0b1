/** The users of a server (section 3.13). Users keep things apart; they are no accounts, and protect nothing. */
import { randomUUID } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { entriesOf, isJsonObject, type JsonObject, objectFrom, parseJson, printJson } from "@hearth/protocol";
import { exclusively } from "./file-lock.ts";
import { writeWhole } from "./whole-file.ts";

/** Whoever does not say who they are. */
export const DEFAULT_USER = "default";
/** Folders whose names start so belong to the server. */
const SYSTEM_PREFIX = "__";
const MAX_NAME = 128;

/** The name cannot be a user's; the message is what clients are told. */
export class UserNameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UserNameError";
  }
}

interface Known {
  /** of the file: time, size and identity */
  readonly mark: string;
  readonly names: ReadonlyMap<string, string>;
}

const NOBODY: Known = { mark: "", names: new Map() };

/** Users by id, kept in `users.json` of the user folder. What another process writes there is seen at once. */
export class Users {
  /** `--multi-user`: the `Comfy-User` header counts */
  readonly multiUser: boolean;
  /** holds one folder for each user */
  readonly folder: string;
  #known: Known = NOBODY;

  constructor(folder: string, multiUser: boolean) {
    this.folder = folder;
    this.multiUser = multiUser;
  }

  /** Names by id. A server for one user always has the default one. */
  names(): ReadonlyMap<string, string> {
    this.#read();
    const { names } = this.#known;
    return this.multiUser ? names : new Map([[DEFAULT_USER, DEFAULT_USER], ...names]);
  }

  /** True for ids of users that exist. */
  has(id: string): boolean {
    return !isReserved(id) && this.names().has(id);
  }

  /** The folder of a user, which may not exist yet. @throws RangeError when the id cannot be a folder's name */
  folderOf(id: string): string {
    if (isReserved(id)) throw new RangeError(`not a user's id: ${JSON.stringify(id)}`);
    return path.join(this.folder, id);
  }

  /** A file that the server keeps for all users, in no user's folder. */
  systemFile(name: string): string {
    return path.join(this.folder, SYSTEM_PREFIX + name);
  }

  /**
   * Adds a user and resolves to the new id: the name with all runs of odd characters as `-`, and a UUID.
   * @throws UserNameError when the name is empty, taken, too long or one of the server's own
   */
  async add(given: string): Promise<string> {
    const name = given.trim();
    if (name === "") throw new UserNameError("username not provided");
    const start = name.replace(/[^a-zA-Z0-9\-_]+/g, "-");
    if (name.startsWith(SYSTEM_PREFIX) || start.startsWith(SYSTEM_PREFIX)) {
      throw new UserNameError("System User prefix not allowed");
    }
    if (name.length > MAX_NAME) {
      throw new UserNameError(`username is too long: at most ${MAX_NAME} characters`);
    }
    return exclusively(this.systemFile("users.lock"), async () => {
      const names = this.names();
      if ([...names.values()].includes(name)) throw new UserNameError("Duplicate username.");
      const id = `${start}_${randomUUID()}`;
      await writeWhole(this.folder, this.#file, printJson(objectFrom([...names, [id, name]]), "indent4"));
      return id;
    });
  }

  get #file(): string {
    return path.join(this.folder, "users.json");
  }

  #read(): void {
    const stats = statSync(this.#file, { throwIfNoEntry: false, bigint: true });
    const mark = stats === undefined ? "" : `${stats.mtimeNs} ${stats.size} ${stats.ino}`;
    if (mark === this.#known.mark) return;
    this.#known = mark === "" ? NOBODY : { mark, names: parseUsers(this.#file) };
  }
}

/** Ids of the server's own, and those that would lead out of the user folder. */
function isReserved(id: string): boolean {
  return id.startsWith(SYSTEM_PREFIX) || id === "" || id === "." || id === ".." || /[/\\\0]/.test(id);
}

/** @throws Error that names the file when it does not hold an object of texts */
function parseUsers(file: string): Map<string, string> {
  let users: JsonObject;
  try {
    const value = parseJson(readFileSync(file, "utf8"));
    if (!isJsonObject(value)) throw new Error("it is not an object");
    users = value;
  } catch (error) {
    throw new Error(`${file} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return new Map(entriesOf(users).map(([id, name]) => [id, typeof name === "string" ? name : id]));
}
