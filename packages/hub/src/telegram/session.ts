/**
 * What a chat is in the middle of: choosing a preset, answering its questions, sending a picture, confirming.
 *
 *   choosing ─► asking (each question) ─► picture ─► confirming ─► (run)
 *
 * It is kept in memory: after a restart a person begins anew.
 */
import type { PictureFile, PresetQuestion, PublicPreset } from "./parts.ts";

export type Step =
  | { readonly kind: "choosing"; readonly presets: readonly PublicPreset[] }
  | { readonly kind: "asking"; readonly question: PresetQuestion }
  | { readonly kind: "picture" }
  | { readonly kind: "confirming" };

export class Session {
  /** part of every button, so that those of an older message do nothing */
  readonly mark: string;
  readonly #offered: readonly PublicPreset[];
  /** without a prototype: a question may be called anything */
  readonly answers = Object.create(null) as Record<string, string>;
  #preset: PublicPreset | undefined;
  picture: PictureFile | undefined;

  constructor(mark: string, offered: readonly PublicPreset[]) {
    this.mark = mark;
    this.#offered = offered;
  }

  get preset(): PublicPreset | undefined {
    return this.#preset;
  }

  get step(): Step {
    const preset = this.#preset;
    if (preset === undefined) return { kind: "choosing", presets: this.#offered };
    const question = preset.questions.find(({ question }) => !Object.hasOwn(this.answers, question));
    if (question !== undefined) return { kind: "asking", question };
    if (preset.takesPicture && this.picture === undefined) return { kind: "picture" };
    return { kind: "confirming" };
  }

  /** Chooses the preset of this number in the offered list. False when there is none. */
  choose(index: number): boolean {
    this.#preset = this.#offered[index];
    return this.#preset !== undefined;
  }

  /** Answers the question of this step. Says what is wrong with the answer. */
  answer(text: string): string | undefined {
    const { step } = this;
    if (step.kind !== "asking") return "There is nothing to answer now.";
    const { question, choices } = step.question;
    const answer = text.trim();
    if (answer === "") return "The answer is empty.";
    if (choices !== null && !choices.includes(answer)) return `Choose one of: ${choices.join(", ")}`;
    this.answers[question] = answer;
    return undefined;
  }
}
