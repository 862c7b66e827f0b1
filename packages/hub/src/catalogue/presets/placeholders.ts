/** `[[question]]` and `[[question:one|other]]` in the texts of a preset: what is asked before it runs. */
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import { ParamsError } from "../errors.ts";

const PLACEHOLDER = /\[\[([^[\]:|]+)(?::([^[\]]*))?\]\]/g;

export interface Placeholder {
  readonly question: string;
  /** the answers to choose from; `null`: any text */
  readonly choices: string[] | null;
  /** ids of the parameters whose texts ask for it */
  readonly params: string[];
}

/** The questions of all texts, each once, in the order in which they come up. Choices of one question add up. */
export function placeholdersIn(params: JsonObject): Placeholder[] {
  const found = new Map<string, Placeholder>();
  for (const [param, value] of Object.entries(params)) {
    eachText(value, (text) => {
      for (const [, name = "", list] of text.matchAll(PLACEHOLDER)) {
        const question = name.trim();
        const choices = choicesOf(list);
        const known = found.get(question);
        if (known === undefined) found.set(question, { question, choices, params: [param] });
        else {
          if (!known.params.includes(param)) known.params.push(param);
          const merged = [...new Set([...(known.choices ?? []), ...(choices ?? [])])];
          found.set(question, { ...known, choices: merged.length === 0 ? null : merged });
        }
      }
    });
  }
  return [...found.values()];
}

/**
 * The parameters with every placeholder replaced by its answer. An answer is put in as it is: brackets in it ask nothing.
 * @throws ParamsError that names each question without an answer, and each answer that is none of the choices
 */
export function withAnswers(params: JsonObject, answers: JsonObject): JsonObject {
  const faults: string[] = [];
  const texts = new Map<string, string>();
  for (const { question, choices } of placeholdersIn(params)) {
    const answer = Object.hasOwn(answers, question) ? answers[question] : undefined;
    if (typeof answer !== "string" || answer.trim() === "") faults.push(`'${question}' has no answer`);
    else if (choices !== null && !choices.includes(answer)) {
      faults.push(`the answer to '${question}' must be one of ${choices.join(", ")}`);
    } else texts.set(question, answer);
  }
  if (faults.length > 0) throw new ParamsError(faults);
  return mapTexts(params, (text) =>
    text.replaceAll(PLACEHOLDER, (_, name: string) => texts.get(name.trim()) ?? ""),
  ) as JsonObject;
}

function choicesOf(list: string | undefined): string[] | null {
  const choices = (list ?? "").split("|").map((choice) => choice.trim());
  const named = choices.filter((choice) => choice !== "");
  return named.length === 0 ? null : [...new Set(named)];
}

function eachText(value: JsonValue, see: (text: string) => void): void {
  if (typeof value === "string") see(value);
  else if (Array.isArray(value)) for (const item of value) eachText(item, see);
  else if (isJsonObject(value)) for (const item of Object.values(value)) eachText(item, see);
}

function mapTexts(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}
