/**
 * The widgets of a node and the values that a workflow keeps for them.
 *
 * `widgets_values` is a list by place. Every widget has a place, also while a link stands in for it, and so have
 * widgets that only the editor knows (the word after a seed, an upload button). A dynamic combo is followed by the
 * widgets of its choice, so places are known only while values are read.
 */
import {
  cloneJson,
  type InputDeclaration,
  isJsonObject,
  isNumeric,
  type JsonValue,
  type NodeInfo,
  printJson,
} from "@hearth/protocol";
import { hasWidget, optionsOf, widgetType } from "./declared-types.ts";
import { editorWidgets, editorWidgetsAfter, type EditorWidget } from "./editor-widgets.ts";
import type { WorkflowNode } from "./workflow.ts";

export interface Widget {
  readonly name: string;
  /** absent for widgets that only the editor has */
  readonly declaration: InputDeclaration | undefined;
  /** false for what steers the editor alone and is no input of the class */
  readonly isSent: boolean;
  /** `undefined` where the editor has no value to send either */
  value: JsonValue | undefined;
}

/** No value is given: the widget keeps its default. */
const DEFAULT = Symbol("default");
/** The value of the next place; `undefined` where the editor ends up without any. */
type NextValue = (name: string) => JsonValue | undefined | typeof DEFAULT;

/** The widgets of a node of a known class with their values, in the editor's order. */
export function readWidgets(info: NodeInfo, node: WorkflowNode): Widget[] {
  const listed = node.inputs.map(({ name }) => name);
  const widgets = readAll(info, listed, valuesOf(info, node));
  for (const widget of widgets) {
    const imposed = node.imposed?.get(widget.name);
    if (imposed !== undefined) widget.value = imposed;
    else if (widget.name === "sampler_name" && typeof widget.value === "string") {
      // Very old files spell samplers with a prefix.
      if (info.name.startsWith("KSampler")) widget.value = widget.value.replace(/^sample_/, "");
    }
  }
  return widgets;
}

/** The same from values by name, as a prompt holds them. */
export function readWidgetsByName(info: NodeInfo, values: ReadonlyMap<string, JsonValue>): Widget[] {
  return readAll(info, [...values.keys()], (name) => (values.has(name) ? values.get(name) : DEFAULT));
}

function readAll(info: NodeInfo, listed: readonly string[], next: NextValue): Widget[] {
  const reader = new WidgetReader(listed, next);
  reader.group(info.input.required, "");
  for (const widget of editorWidgets(info)) reader.editorWidget(widget);
  reader.group(info.input.optional, "");
  if (info.name === "CustomCombo") reader.customChoices();
  return reader.widgets;
}

/**
 * What the editor sends of a class it does not know: every value under one name, so that the last one stays. What is
 * no text, number or truth value goes as text.
 */
export function unknownClassValue(node: WorkflowNode): JsonValue | undefined {
  const value = Array.isArray(node.values) ? node.values.at(-1) : undefined;
  const isPlain =
    value === undefined || typeof value === "string" || typeof value === "boolean" || isNumeric(value);
  return isPlain ? value : printJson(value, "compact");
}

function valuesOf(info: NodeInfo, node: WorkflowNode): NextValue {
  const { values } = node;
  if (Array.isArray(values)) {
    const list = withoutOldSockets(info, values);
    let place = 0;
    return () => (place < list.length ? list[place++] : DEFAULT);
  }
  if (!isJsonObject(values)) return () => DEFAULT;
  // Packs that write an object read it by name. A class of ComfyUI itself cannot: its widgets end up without a value.
  const byName = info.python_module.startsWith("custom_nodes.");
  return (name) => (byName ? (Object.hasOwn(values, name) ? values[name] : DEFAULT) : undefined);
}

/** Inputs that are always sockets had a place in old files. Those are told by the number of values. */
function withoutOldSockets(info: NodeInfo, values: readonly JsonValue[]): readonly JsonValue[] {
  const declared = Object.entries({ ...info.input.required, ...info.input.optional });
  const places = declared.flatMap(([name, declaration]): boolean[] => {
    if (hasWidget(declaration)) return [false, ...editorWidgetsAfter(name, declaration).map(() => false)];
    return optionsOf(declaration)["forceInput"] === true ? [true] : [];
  });
  if (!places.includes(true) || places.length !== values.length) return values;
  return values.filter((_, index) => places[index] === false);
}

class WidgetReader {
  readonly widgets: Widget[] = [];
  readonly #listed: readonly string[];
  readonly #next: NextValue;

  /** @param listed names of the inputs that the file lists */
  constructor(listed: readonly string[], next: NextValue) {
    this.#listed = listed;
    this.#next = next;
  }

  /** Reads the widgets of declared inputs. @param prefix what stands before their names: `""`, `"format."` */
  group(members: unknown, prefix: string): void {
    if (!isJsonObject(members)) return;
    for (const [name, declaration] of Object.entries(members) as [string, InputDeclaration][]) {
      if (widgetType(declaration) === "COMFY_AUTOGROW_V3") this.#grown(prefix + name, declaration);
      else if (hasWidget(declaration)) this.#declared(prefix + name, declaration);
    }
  }

  editorWidget({ name, isSent, fallback }: EditorWidget): void {
    const value = this.#next(name);
    this.widgets.push({
      name,
      declaration: undefined,
      isSent,
      value: value === DEFAULT ? fallback : value,
    });
  }

  /** CustomCombo: its choices are texts that follow, always with an empty one at the end; `index` is the chosen one. */
  customChoices(): void {
    const choices: JsonValue[] = [];
    for (;;) {
      const value = this.#next(`option${choices.length + 1}`);
      if (value === DEFAULT || value === undefined) break;
      choices.push(value);
    }
    if (choices.at(-1) !== "") choices.push("");
    for (const [index, value] of choices.entries()) {
      this.widgets.push({ name: `option${index + 1}`, declaration: undefined, isSent: true, value });
    }
    const chosen = this.widgets.find(({ name }) => name === "choice")?.value;
    const index = this.widgets.find(({ name }) => name === "index");
    if (index !== undefined) index.value = choices.filter((choice) => choice !== "").indexOf(chosen ?? null);
  }

  #declared(name: string, declaration: InputDeclaration): void {
    const given = this.#next(name);
    const isChoice = widgetType(declaration) === "COMFY_DYNAMICCOMBO_V3";
    const isCombo = isChoice || widgetType(declaration) === "COMBO";
    const value =
      given === DEFAULT
        ? defaultValue(declaration)
        : given === null && isCombo
          ? (defaultValue(declaration, true) ?? null)
          : given;
    this.widgets.push({ name, declaration, isSent: true, value });
    for (const widget of editorWidgetsAfter(name, declaration)) this.editorWidget(widget);
    if (isChoice) this.#choice(name, declaration, value);
  }

  /** The widgets that hang on the choice of a dynamic combo. */
  #choice(name: string, declaration: InputDeclaration, key: JsonValue | undefined): void {
    const options = optionsOf(declaration)["options"];
    if (!Array.isArray(options)) return;
    const chosen = options.filter(isJsonObject).find((option) => option["key"] === key)?.["inputs"];
    if (!isJsonObject(chosen)) return;
    this.group(chosen["required"], `${name}.`);
    this.group(chosen["optional"], `${name}.`);
  }

  /** Grown inputs that hold values: those that the file lists. */
  #grown(name: string, declaration: InputDeclaration): void {
    const template = optionsOf(declaration)["template"];
    const source = isJsonObject(template) ? template["input"] : undefined;
    if (!isJsonObject(source)) return;
    const [member] = [source["required"], source["optional"]]
      .filter(isJsonObject)
      .flatMap((group) => Object.values(group)) as InputDeclaration[];
    if (member === undefined || !hasWidget(member)) return;
    for (const input of this.#listed) {
      if (input.startsWith(`${name}.`)) this.#declared(input, member);
    }
  }
}

/** What a widget holds before anybody touches it. @param first the first option even where a default is declared */
export function defaultValue(declaration: InputDeclaration, first = false): JsonValue | undefined {
  const options = optionsOf(declaration);
  if (options["default"] !== undefined && !first) return cloneJson(options["default"]);
  switch (widgetType(declaration)) {
    case "INT":
    case "FLOAT":
      return 0;
    case "BOOLEAN":
      return false;
    case "STRING":
      return "";
    case "COMBO":
      return Array.isArray(declaration[0]) ? declaration[0][0] : firstOf(options["options"]);
    case "COMFY_DYNAMICCOMBO_V3": {
      const option = firstOf(options["options"]);
      return isJsonObject(option) ? option["key"] : undefined;
    }
    default:
      return undefined;
  }
}

function firstOf(options: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(options) ? options[0] : undefined;
}
