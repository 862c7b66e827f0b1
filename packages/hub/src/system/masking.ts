/** How a secret is shown to who may see that it is there. */

/**
 * `abcd***wxyz` of a value that is longer than 8 characters; of a shorter one only `***`, since its ends would be all of it.
 * A published default is no secret.
 */
export function masked(value: string, published = ""): string {
  if (value === "") return "";
  if (value.length <= 8 && value !== published) return "***";
  return `${value.slice(0, 4)}***${value.slice(-4)}`;
}
