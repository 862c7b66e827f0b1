/** Errors that carry their own answer, and the texts of section 2.1. */
import { STATUS_CODES } from "node:http";
import type { JsonSyntaxError } from "@hearth/protocol";

/** Answered with `status` and a line of plain text; an empty `detail` gives the status's own words. */
export class HttpError extends Error {
  readonly statusCode: number;
  /** the text without the status */
  readonly detail: string;
  constructor(statusCode: number, detail = "") {
    super(detail === "" ? statusText(statusCode) : `${statusCode}: ${detail}`);
    this.name = "HttpError";
    this.statusCode = statusCode;
    this.detail = detail === "" ? (STATUS_CODES[statusCode] ?? "Error") : detail;
  }
}

/** Answered with `status` and no body at all, as a few operations refuse. */
export class EmptyError extends Error {
  readonly statusCode: number;
  constructor(statusCode: number) {
    super(statusText(statusCode));
    this.name = "EmptyError";
    this.statusCode = statusCode;
  }
}

/** The request body is not JSON. */
export class InvalidJsonError extends Error {
  readonly statusCode = 400;
  constructor(cause: JsonSyntaxError | TypeError) {
    super(cause.message, { cause });
    this.name = "InvalidJsonError";
  }

  get body(): object {
    return {
      error: {
        type: "invalid_json",
        message: "Request body must be valid JSON",
        details: this.message,
        extra_info: {},
      },
      node_errors: {},
    };
  }
}

/** `405: Method Not Allowed` and the like. */
export function statusText(status: number): string {
  return `${status}: ${STATUS_CODES[status] ?? "Error"}`;
}

/** What an error of our own making answers; nobody can act on it. */
export const SERVER_ERROR_TEXT = "500 Internal Server Error\n\nServer got itself in trouble";
