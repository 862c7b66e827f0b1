/** Answers that hold until it changes which assets a filter may give. */
import type { Connection } from "./connection.ts";

const MAX_ANSWERS = 500;

export class KeptAnswers {
  readonly #connection: Connection;
  readonly #answers = new Map<string, unknown>();
  #revision = -1;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The answer to `question`, which names all that it depends on; `work` runs when it is not at hand. Call it inside a transaction. */
  get<T>(question: readonly unknown[], work: () => T): T {
    const { revision } = this.#connection;
    if (revision !== this.#revision) this.#answers.clear();
    this.#revision = revision;
    const name = JSON.stringify(question);
    if (this.#answers.has(name)) return this.#answers.get(name) as T;
    const answer = work();
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    this.#answers.set(name, answer);
    return answer;
  }
}
