/** Runners, templates and webhooks of Control. */
import { Type } from "typebox";
import { PAGE_QUERY } from "../../control/pages.ts";
import { CHANGED_RUNNER, LIST_QUERY, NEW_RUNNER } from "../../control/runners.ts";
import { CHANGED_WEBHOOK, NEW_WEBHOOK } from "../../control/webhooks.ts";
import { BINARY, type Body, empty, inPath, json, jsonBody, type Operation } from "../operation.ts";
import { closed } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { type ContractRow, queryOf } from "./contract-row.ts";
import { controlRows, ID, page, PAGE_TEXTS } from "./control-words.ts";

const TAG = "Control";
const PAGES = queryOf({ properties: PAGE_QUERY }, PAGE_TEXTS);
const NO_WEBHOOK = "There is no such webhook.";
const webhook = ref("ControlWebhook");
const secret = json("The secret.", ref("ControlSecret"));

export const CONTROL_LISTS: readonly Operation[] = controlRows([
  ...keptRows("Runner", "/v1/runner", {
    query: queryOf(LIST_QUERY, { ...PAGE_TEXTS, status: "Only those that stand so." }),
    create: jsonBody(NEW_RUNNER),
    change: jsonBody(CHANGED_RUNNER),
  }),
  ...keptRows("Template", "/v1/template", {
    query: PAGES,
    create: { required: true, content: { "multipart/form-data": templateForm(true) } },
    change: { required: true, content: { "multipart/form-data": templateForm(false) } },
  }),
  ...keptRows("Webhook", "/v1/webhook", {
    query: PAGES,
    create: jsonBody(NEW_WEBHOOK),
    change: jsonBody(CHANGED_WEBHOOK),
  }),
  {
    id: "controlGetSecret",
    method: "GET",
    path: "/v1/webhook/secret",
    scope: "run",
    tag: TAG,
    summary: "What signs calls to a workflow's own address",
    answers: { 200: secret },
  },
  {
    id: "controlRotateSecret",
    method: "POST",
    path: "/v1/webhook/secret/rotate",
    scope: "run",
    tag: TAG,
    summary: "Make a new secret",
    answers: { 200: secret },
  },
  {
    id: "controlRotateWebhook",
    method: "POST",
    path: "/v1/webhook/:id/rotate",
    scope: "run",
    tag: TAG,
    summary: "Make a new secret of a webhook",
    parameters: [ID],
    answers: { 200: json("The webhook with its secret.", webhook) },
    refusals: { 404: NO_WEBHOOK },
  },
  {
    id: "controlListDeliveries",
    method: "GET",
    path: "/v1/webhook/:id/deliveries",
    scope: "read",
    tag: TAG,
    summary: "What was told, and what came of it",
    parameters: [inPath("id", "A webhook, or a workflow with an address of its own."), ...PAGES],
    answers: { 200: json("A page of them.", page("deliveries", ref("ControlDelivery"))) },
    refusals: { 404: NO_WEBHOOK },
  },
  {
    id: "controlResendDelivery",
    method: "POST",
    path: "/v1/webhook/:id/deliveries/:delivery/resend",
    scope: "run",
    tag: TAG,
    summary: "Tell it once more",
    parameters: [inPath("id", "The webhook or workflow."), inPath("delivery", "What was told.")],
    answers: { 202: json("It will be told.", ref("ControlDelivery")) },
    refusals: { 404: "There is no such delivery." },
  },
]);

/** List, make, get, change and remove. */
function keptRows(
  word: "Runner" | "Template" | "Webhook",
  base: string,
  takes: { readonly query: ContractRow["parameters"] & object; readonly create: Body; readonly change: Body },
): ContractRow[] {
  const item = ref(`Control${word}`);
  const name = word.toLowerCase();
  const missing = { 404: `There is no such ${name}.` };
  const unkept = word === "Template" ? { 413: "The form is too large.", 507: "The disk is full." } : {};
  return [
    {
      id: `controlList${word}s`,
      method: "GET",
      path: base,
      scope: "read",
      tag: TAG,
      summary: `The ${name}s of the caller`,
      parameters: takes.query,
      answers: { 200: json("A page of them.", page(`${name}s`, item)) },
    },
    {
      id: `controlMake${word}`,
      method: "POST",
      path: base,
      scope: "run",
      tag: TAG,
      summary: `Make a ${name}`,
      body: takes.create,
      answers: { 201: json(`The ${name}.`, item) },
      refusals: { 403: "There are too many, or the key lacks the scope.", ...unkept },
    },
    {
      id: `controlGet${word}`,
      method: "GET",
      path: `${base}/:id`,
      scope: "read",
      tag: TAG,
      summary: `One ${name}`,
      parameters: [ID],
      answers: { 200: json(`The ${name}.`, item) },
      refusals: missing,
    },
    {
      id: `controlChange${word}`,
      method: "PUT",
      path: `${base}/:id`,
      scope: "run",
      tag: TAG,
      summary: `Change a ${name}`,
      parameters: [ID],
      body: takes.change,
      answers: { 200: json(`The ${name}.`, item) },
      refusals: { ...missing, ...unkept },
    },
    {
      id: `controlRemove${word}`,
      method: "DELETE",
      path: `${base}/:id`,
      scope: "run",
      tag: TAG,
      summary: `Remove a ${name}`,
      parameters: [ID],
      answers: { 204: empty("Removed.") },
      refusals: missing,
    },
  ];
}

function templateForm(isNew: boolean) {
  const fields = {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    description: Type.String({ minLength: 1, maxLength: 500 }),
    body: Type.Unsafe({ ...BINARY, description: "the graph as JSON" }),
  };
  return isNew ? closed(fields) : Type.Partial(Type.Object(fields, { additionalProperties: false }));
}
