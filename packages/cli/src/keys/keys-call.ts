/** Reading the command line of `hearth keys`. */

interface Where {
  readonly server: string | undefined;
  readonly base: string | undefined;
}

export type Call = Where &
  (
    | { readonly verb: "list" }
    | { readonly verb: "create"; readonly name: string; readonly scopes: readonly string[] }
    | { readonly verb: "revoke"; readonly id: string }
  );

const OPTIONS = ["--server", "--base-directory", "--scopes", "--scope"];

/** The call, or what is wrong with it; an empty text when nothing was given. */
export function readCall(args: readonly string[]): Call | string {
  const values = new Map<string, string>();
  const words: string[] = [];
  const rest = [...args];
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    if (!token.startsWith("--")) {
      words.push(token);
      continue;
    }
    const at = token.indexOf("=");
    const flag = at < 0 ? token : token.slice(0, at);
    if (!OPTIONS.includes(flag)) return `there is no option ${flag}`;
    const value = at < 0 ? rest.shift() : token.slice(at + 1);
    if (value === undefined) return `${flag} needs a value`;
    values.set(flag, value);
  }
  return callOf(words, values.get("--scopes") ?? values.get("--scope"), {
    server: values.get("--server"),
    base: values.get("--base-directory"),
  });
}

function callOf(words: readonly string[], scopes: string | undefined, where: Where): Call | string {
  const [verb, subject, ...others] = words;
  if (verb === undefined) return "";
  if (scopes !== undefined && verb !== "create") return `--scopes means nothing for ${verb}`;
  switch (verb) {
    case "list":
      return subject === undefined ? { verb, ...where } : `list takes nothing, got ${subject}`;
    case "create":
      if (subject === undefined) return "create needs a name";
      if (others.length > 0)
        return `one name at a time; quote a name with blanks: ${words.slice(1).join(" ")}`;
      if (scopes === undefined) return "create needs --scopes";
      return { verb, name: subject, scopes: scopes.split(",").map((scope) => scope.trim()), ...where };
    case "revoke":
      if (subject === undefined) return "revoke needs the id of a key";
      return others.length > 0 ? "one key at a time" : { verb, id: subject, ...where };
    default:
      return `there is no 'hearth keys ${verb}'`;
  }
}
