/**
 * Whose turn it is, and which of an owner's waiting jobs would run first. Each owner, each group of one owner's jobs with
 * the same needs, and the first job of each group is one seek in the index of waiting jobs, however many wait. What was
 * found is kept until a change of the queue may have made it wrong, so that a worker which can run nothing that waits
 * asks for free.
 */
import type { DatabaseSync } from "node:sqlite";
import type { QueueHead } from "../job.ts";
import { optional, retriesOf } from "./rows.ts";
import { Statements } from "./statements.ts";

/** In the order of their turns: served longest ago first; of those never served, who came first. */
const WAITING_OWNERS = `
  WITH RECURSIVE waiting (owner) AS (
    SELECT MIN(owner) FROM jobs WHERE state = 'queued'
    UNION ALL
    SELECT (SELECT MIN(owner) FROM jobs WHERE state = 'queued' AND owner > waiting.owner)
    FROM waiting WHERE waiting.owner IS NOT NULL
  )
  SELECT waiting.owner AS owner, owners.served AS served
  FROM waiting CROSS JOIN owners ON owners.owner = waiting.owner
  ORDER BY owners.served, owners.rowid`;

const HEADS = `
  WITH RECURSIVE groups (needs_id) AS (
    SELECT MIN(needs_id) FROM jobs WHERE state = 'queued' AND owner = ?1
    UNION ALL
    SELECT (
      SELECT MIN(needs_id) FROM jobs WHERE state = 'queued' AND owner = ?1 AND needs_id > groups.needs_id
    ) FROM groups WHERE groups.needs_id IS NOT NULL
  )
  SELECT (
    SELECT id FROM jobs WHERE state = 'queued' AND owner = ?1 AND needs_id = groups.needs_id
    ORDER BY number, prompt_id, id LIMIT 1
  ) AS id FROM groups WHERE groups.needs_id IS NOT NULL`;

const HEAD_OF_GROUP = `
  SELECT id FROM jobs WHERE state = 'queued' AND owner = ? AND needs_id = ? ORDER BY number, prompt_id, id LIMIT 1`;

/** More heads than this are not kept at once. */
const MAX_KEPT = 20_000;

interface PlacedHead {
  readonly number: number;
  readonly needsId: number;
  readonly head: QueueHead;
}

export class QueueHeads {
  readonly #sql: Statements;
  /** the turn in which each was served last (0: never), in the order of their next turns; undefined: to be read */
  #owners: Map<string, number> | undefined;
  readonly #heads = new Map<string, readonly PlacedHead[]>();
  #kept = 0;
  /** the last one of all; undefined: to be read */
  #turn: number | undefined;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  /** The heads of each owner that waits, in the order in which they would run; the owner whose turn it is first. */
  *inTurn(): Generator<readonly QueueHead[]> {
    this.#owners ??= new Map(
      this.#sql.all(WAITING_OWNERS).map((row) => [String(row["owner"]), Number(row["served"])]),
    );
    for (const owner of this.#owners.keys()) {
      const heads = this.#of(owner);
      if (heads.length > 0) yield heads.map(({ head }) => head);
      else this.#owners?.delete(owner);
    }
  }

  #of(owner: string): readonly PlacedHead[] {
    const known = this.#heads.get(owner);
    if (known !== undefined) return known;
    return this.#keep(
      owner,
      this.#sql.all(HEADS, owner).map(({ id }) => this.#read(Number(id))),
    );
  }

  #keep(owner: string, heads: PlacedHead[]): readonly PlacedHead[] {
    this.#kept += heads.length - (this.#heads.get(owner)?.length ?? 0);
    if (this.#kept > MAX_KEPT) {
      this.#heads.clear();
      this.#kept = heads.length;
    }
    heads.sort(inOrder);
    this.#heads.set(owner, heads);
    return heads;
  }

  #read(id: number): PlacedHead {
    const row = this.#sql.get(
      `SELECT prompt_id, owner, number, needs_id, attempt, created_at, retries,
         (SELECT text FROM needs WHERE needs.id = needs_id) AS needs FROM jobs WHERE id = ?`,
      id,
    );
    if (row === undefined) throw new Error(`the index of waiting jobs names job ${id}, which is not there`);
    const head = {
      id: String(id),
      promptId: String(row["prompt_id"]),
      owner: String(row["owner"]),
      needs: optional(row["needs"]),
      attempt: Number(row["attempt"]),
      createdAt: Number(row["created_at"]),
      retries: retriesOf(row),
    };
    return { number: Number(row["number"]), needsId: Number(row["needs_id"]), head };
  }

  /** A job of an owner waits now; `number`: its place, where it is known. */
  added(owner: string, needsId: number, number = Number.NEGATIVE_INFINITY): void {
    if (this.#owners?.has(owner) === false) this.#owners = undefined;
    const heads = this.#heads.get(owner);
    const isBehind = heads?.some((head) => head.needsId === needsId && head.number < number) === true;
    if (heads !== undefined && !isBehind) this.#refresh(owner, heads, needsId);
  }

  /** The head of an owner runs now: the owner goes behind all others. Part of a transaction. */
  taken({ owner, id }: QueueHead): void {
    this.#turn ??= Number(this.#sql.get("SELECT MAX(served) AS last FROM owners")?.["last"] ?? 0);
    const served = this.#owners?.get(owner) ?? 0;
    // Who had the last turn too stays where it is: nothing has to be written.
    if (served === 0 || served !== this.#turn) {
      this.#turn += 1;
      this.#sql.run("UPDATE owners SET served = ? WHERE owner = ?", this.#turn, owner);
      this.#owners?.delete(owner);
      this.#owners?.set(owner, this.#turn);
    }
    const heads = this.#heads.get(owner);
    const taken = heads?.find(({ head }) => head.id === id);
    if (heads !== undefined && taken !== undefined) this.#refresh(owner, heads, taken.needsId);
  }

  /** Looks again for the head of one group. */
  #refresh(owner: string, heads: readonly PlacedHead[], needsId: number): void {
    const others = heads.filter((head) => head.needsId !== needsId);
    const id = this.#sql.get(HEAD_OF_GROUP, owner, needsId)?.["id"];
    this.#keep(owner, id == null ? others : [...others, this.#read(Number(id))]);
  }

  /** What was found may be wrong: waiting jobs went or changed places, or a transaction was taken back. */
  forget(): void {
    this.#owners = undefined;
    this.#heads.clear();
    this.#kept = 0;
    this.#turn = undefined;
  }
}

/** As the index has them: SQLite compares texts by their bytes. */
function inOrder(a: PlacedHead, b: PlacedHead): number {
  if (a.number !== b.number) return a.number - b.number;
  return (
    Buffer.compare(Buffer.from(a.head.promptId), Buffer.from(b.head.promptId)) ||
    Number(a.head.id) - Number(b.head.id)
  );
}
