/* The reference page: reads the description of this server, shows each operation, and lets a person try it. */
"use strict";

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; texts are texts, so nothing that a server says becomes markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A sentence with its `code` as code. */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : element("code", {}, part)));
}

/** The schema itself where it is a reference to one. */
function resolve(api, schema) {
  const name = schema?.$ref?.match(/^#\/components\/schemas\/(.+)$/)?.[1];
  return name === undefined ? schema : api.components.schemas[name];
}

/** A schema as people write types, e.g. `{ name: string, tags?: string[] }`. */
function typeOf(api, schema, depth = 0) {
  if (schema?.$ref !== undefined && depth > 2) return schema.$ref.split("/").pop();
  const it = resolve(api, schema) ?? {};
  const inner = (part) => typeOf(api, part, depth + 1);
  if (it.enum !== undefined) return it.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (it.anyOf !== undefined && it.type === undefined) return it.anyOf.map(inner).join(" | ");
  if (it.prefixItems !== undefined) return `[${it.prefixItems.map(inner).join(", ")}]`;
  if (it.type === "array") return `${wrapped(inner(it.items))}[]`;
  if (it.type === "object") {
    if (it.properties === undefined || Object.keys(it.properties).length === 0) {
      return typeof it.additionalProperties === "object"
        ? `{ [name]: ${inner(it.additionalProperties)} }`
        : "object";
    }
    const pad = "  ".repeat(depth + 1);
    const lines = Object.entries(it.properties).map(([name, part]) => {
      const mark = it.required?.includes(name) ? "" : "?";
      const says = part.description === undefined ? "" : `  // ${part.description}`;
      return `${pad}${name}${mark}: ${inner(part)}${says}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  return it.format === "binary" ? "bytes" : (it.type ?? "anything");
}

const wrapped = (text) => (text.includes(" | ") ? `(${text})` : text);

/** A value to begin with. */
function sampleOf(api, schema, depth = 0) {
  const it = resolve(api, schema) ?? {};
  if (it.enum !== undefined) return it.enum[0];
  if (it.anyOf !== undefined && it.type === undefined) return sampleOf(api, it.anyOf[0], depth);
  if (it.type === "object") {
    const wanted = Object.entries(it.properties ?? {}).filter(
      ([name]) => depth === 0 || it.required?.includes(name),
    );
    return Object.fromEntries(wanted.map(([name, part]) => [name, sampleOf(api, part, depth + 1)]));
  }
  if (it.type === "array") return [];
  if (it.type === "integer" || it.type === "number") return it.minimum ?? 0;
  if (it.type === "boolean") return false;
  return it.type === "string" ? "" : null;
}

function parameterRows(api, parameters) {
  if (parameters.length === 0) return undefined;
  const head = element(
    "tr",
    {},
    ...["Name", "In", "Type", "Meaning"].map((text) => element("th", { scope: "col" }, text)),
  );
  const rows = parameters.map(({ name, in: place, required, schema, description }) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", {}, name), required ? " (required)" : ""),
      element("td", {}, place),
      element("td", {}, typeOf(api, schema)),
      element("td", {}, ...prose(description ?? "")),
    ),
  );
  return element(
    "section",
    {},
    element("h3", {}, "Parameters"),
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)),
  );
}

function contentOf(api, content) {
  return Object.entries(content ?? {}).map(([type, { schema }]) =>
    element("div", {}, element("code", {}, type), element("pre", { tabindex: "0" }, typeOf(api, schema))),
  );
}

function answersOf(api, responses) {
  const shown = Object.entries(responses).map(([status, given]) => {
    const name = given.$ref?.split("/").pop();
    const answer = name === undefined ? given : api.components.responses[name];
    return element(
      "details",
      {},
      element("summary", {}, element("strong", {}, status), " ", ...prose(answer.description)),
      ...contentOf(api, answer.content),
    );
  });
  return element("section", {}, element("h3", {}, "Answers"), ...shown);
}

/** Fields for parameters and body, a button, and what came back. */
function tryForm(api, path, method, operation) {
  const parameters = operation.parameters ?? [];
  const fields = parameters.map((parameter) => ({ parameter, input: fieldOf(parameter) }));
  const body = bodyEditor(api, operation.requestBody);
  const answer = element("div", { class: "answer", "aria-live": "polite" });
  const send = async (event) => {
    event.preventDefault();
    answer.replaceChildren("…");
    try {
      const request = requestOf(path, method, fields, body);
      const started = performance.now();
      const response = await fetch(request.url, request.options);
      await showAnswer(answer, request, response, Math.round(performance.now() - started));
    } catch (error) {
      answer.replaceChildren(element("p", { class: "wrong", role: "alert" }, String(error)));
    }
  };
  return element(
    "section",
    {},
    element("h3", {}, "Try it"),
    element(
      "form",
      { onsubmit: send },
      ...fields.map(({ parameter, input }) =>
        element("label", {}, `${parameter.name} (${parameter.in})`, input),
      ),
      body?.element,
      element("div", {}, element("button", {}, `Send ${method.toUpperCase()}`)),
    ),
    answer,
  );
}

function fieldOf({ schema, required }) {
  if (schema.enum === undefined)
    return element("input", { autocomplete: "off", spellcheck: "false", required });
  const none = required ? [] : [element("option", { value: "" }, "–")];
  return element("select", {}, ...none, ...schema.enum.map((value) => element("option", { value }, value)));
}

/** `read()` gives the body and its content type; undefined: nothing is sent. */
function bodyEditor(api, requestBody) {
  if (requestBody === undefined) return undefined;
  const [type, { schema }] = Object.entries(requestBody.content)[0];
  if (type === "multipart/form-data") return formEditor(resolve(api, schema));
  if (type === "application/octet-stream") {
    const file = element("input", { type: "file" });
    return { element: element("label", {}, "Body", file), read: () => ({ body: file.files[0] ?? "", type }) };
  }
  const area = element("textarea", { spellcheck: "false" });
  area.value = JSON.stringify(sampleOf(api, schema), null, 2);
  const read = () => (area.value === "" ? undefined : { body: area.value, type: "application/json" });
  return { element: element("label", {}, "Body (JSON)", area), read };
}

function formEditor(schema) {
  const parts = Object.entries(schema.properties).map(([name, part]) => {
    const isFile = part.format === "binary";
    return { name, isFile, input: element("input", isFile ? { type: "file" } : { autocomplete: "off" }) };
  });
  const read = () => {
    const form = new FormData();
    for (const { name, isFile, input } of parts) {
      if (isFile && input.files[0] !== undefined) form.append(name, input.files[0]);
      else if (!isFile && input.value !== "") form.append(name, input.value);
    }
    return { body: form };
  };
  return {
    element: element(
      "div",
      {},
      ...parts.map(({ name, input }) => element("label", {}, `${name} (form)`, input)),
    ),
    read,
  };
}

function requestOf(path, method, fields, body) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of fields) {
    const { name, in: place, schema } = parameter;
    const value = input.value;
    if (place === "path") {
      // The last part of some paths may have slashes of its own.
      const encoded =
        name === "path" ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
      target = target.replace(`{${name}}`, encoded);
    } else if (value !== "" && place === "header") headers[name] = value;
    else if (value !== "")
      for (const one of schema.type === "array" ? value.split(",") : [value]) query.append(name, one);
  }
  const given = body?.read();
  if (given?.type !== undefined) headers["content-type"] = given.type;
  const text = query.toString();
  // Relative, so that the page works below any prefix.
  const url = `${target.slice(1) || "."}${text === "" ? "" : `?${text}`}`;
  return {
    url,
    options: { method: method.toUpperCase(), headers, ...(given === undefined ? {} : { body: given.body }) },
  };
}

const SHOWN_CHARACTERS = 200_000;

async function showAnswer(place, request, response, milliseconds) {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const parts = [
    element("p", {}, element("code", {}, `${request.options.method} ${request.url}`)),
    element(
      "p",
      { class: response.ok ? undefined : "wrong" },
      element("strong", {}, `${response.status} ${response.statusText}`),
      ` after ${milliseconds} ms`,
    ),
    element("pre", { tabindex: "0", "aria-label": "Headers" }, headers),
  ];
  const type = response.headers.get("content-type") ?? "";
  if (/^(image|video|audio)\//.test(type)) {
    const source = URL.createObjectURL(await response.blob());
    const kind = type.startsWith("image/") ? "img" : type.slice(0, 5);
    parts.push(element(kind, { src: source, controls: kind !== "img", alt: "The answer" }));
  } else
    parts.push(
      element("pre", { tabindex: "0", "aria-label": "Body" }, bodyText(type, await response.text())),
    );
  place.replaceChildren(...parts);
}

function bodyText(type, text) {
  let shown = text;
  if (type.startsWith("application/json")) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // NaN and Infinity are no JSON for a browser: then as it came.
    }
  }
  return shown.length > SHOWN_CHARACTERS
    ? `${shown.slice(0, SHOWN_CHARACTERS)}\n… ${shown.length} characters`
    : shown;
}

function operationOf(api, path, method, operation) {
  const content = element("div");
  const summary = element(
    "summary",
    {},
    element("span", { class: "method" }, method.toUpperCase()),
    element("span", { class: "path" }, path),
    element("span", { class: "what" }, operation.summary ?? ""),
  );
  const shown = element(
    "details",
    { class: operation.deprecated ? "operation deprecated" : "operation", id: operation.operationId },
    summary,
    content,
  );
  const fill = () => {
    if (!shown.open || content.childElementCount > 0) return;
    const also = operation["x-also-at"]?.join(", ");
    const bodies = operation.requestBody;
    content.append(
      ...[
        operation.description === undefined ? undefined : element("p", {}, ...prose(operation.description)),
        also === undefined ? undefined : element("p", {}, "Also at ", element("code", {}, also)),
        parameterRows(api, operation.parameters ?? []),
        bodies === undefined
          ? undefined
          : element(
              "section",
              {},
              element("h3", {}, "Body"),
              bodies.description ?? "",
              ...contentOf(api, bodies.content),
            ),
        answersOf(api, operation.responses),
        tryForm(api, path, method, operation),
      ].filter((part) => part !== undefined),
    );
  };
  shown.addEventListener("toggle", fill);
  return {
    shown,
    text: `${method} ${path} ${operation.summary} ${operation.description ?? ""}`.toLowerCase(),
  };
}

function show(api) {
  byId("about").append(...prose(api.info.description));
  const areas = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!areas.has(tag)) areas.set(tag, []);
      areas.get(tag).push(operationOf(api, path, method, operation));
    }
  }
  const sections = [...areas].map(([tag, operations]) => {
    const id = `area-${tag.replaceAll(" ", "-")}`;
    const heading = element("h2", { id }, tag);
    byId("areas").append(element("li", {}, element("a", { href: `#${id}` }, tag)));
    return {
      section: element(
        "section",
        { "aria-labelledby": id },
        heading,
        ...operations.map(({ shown }) => shown),
      ),
      operations,
    };
  });
  byId("operations").replaceChildren(...sections.map(({ section }) => section));

  const search = byId("search");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, operations } of sections) {
      let any = false;
      for (const { shown, text } of operations) {
        shown.hidden = !words.every((word) => text.includes(word));
        if (!shown.hidden) count += 1;
        any ||= !shown.hidden;
      }
      section.hidden = !any;
    }
    byId("count").textContent = `${count} operations`;
  };
  search.addEventListener("input", filter);
  filter();
  const opened = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (opened instanceof HTMLDetailsElement) {
    opened.open = true;
    opened.scrollIntoView();
  }
}

fetch("openapi.json")
  .then((response) =>
    response.ok ? response.json() : Promise.reject(new Error(`${response.status} ${response.statusText}`)),
  )
  .then(show)
  .catch((error) => {
    byId("loading").replaceChildren(
      element("span", { class: "wrong" }, `The description cannot be read: ${error.message}`),
    );
  });
