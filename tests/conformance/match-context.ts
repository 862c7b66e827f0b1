/** What a pattern is compared under. */
import { entriesOf, isJsonObject, objectFrom, printJson, type JsonValue } from "@hearth/protocol";

/** What patterns refer to: saved variables, the counter behind queue numbers, the clock. */
export class MatchContext {
  readonly variables: Map<string, JsonValue>;
  /** Unix seconds; without it, times are not checked against the clock */
  readonly now: number | undefined;
  /** value − K of the first queue number seen */
  counter: number | undefined;

  constructor(variables: Iterable<readonly [string, JsonValue]> = [], now?: number) {
    this.variables = new Map(variables);
    this.now = now;
  }

  /** The same variables with a counter of its own: for probes whose matching must leave no trace. */
  probe(): MatchContext {
    return new MatchContext(this.variables, this.now);
  }

  /** Replaces `{{name}}`; a string that is only `{{name}}` takes the variable's value with its type. */
  substitute<T extends JsonValue>(value: T): JsonValue {
    if (typeof value === "string") {
      const whole = /^\{\{([\w.]+)\}\}$/.exec(value)?.[1];
      const found = whole === undefined ? undefined : this.variables.get(whole);
      return found === undefined ? this.text(value) : found;
    }
    if (Array.isArray(value)) return value.map((item) => this.substitute(item));
    if (isJsonObject(value)) {
      return objectFrom(entriesOf(value).map(([key, item]) => [this.text(key), this.substitute(item)]));
    }
    return value;
  }

  /** Replaces `{{name}}` inside a text; unknown names stay. */
  text(value: string): string {
    return value.replace(/\{\{([\w.]+)\}\}/g, (literal, name: string) => {
      const found = this.variables.get(name);
      if (found === undefined) return literal;
      return typeof found === "string" ? found : printJson(found);
    });
  }
}
