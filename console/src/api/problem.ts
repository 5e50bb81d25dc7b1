/** What can go wrong with a request: an answer that is a problem (RFC 9457), or no answer at all. */

/** A problem as the console shows it. Texts come from the server and are shown as they are. */
export interface Problem {
  readonly status: number;
  /** The error code, e.g. `LED-0054`; every code has a page under docs/errors. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly retryable: boolean;
}

export type Failure = { readonly kind: "offline" } | { readonly kind: "problem"; readonly problem: Problem };

/** Thrown by every call of the API client. */
export class ProblemError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.kind === "offline" ? "offline" : `${failure.problem.code}: ${failure.problem.detail}`);
    this.name = "ProblemError";
    this.failure = failure;
  }
}

/**
 * The problem in an error answer. A body that is not a problem document (a proxy's page, an empty body)
 * becomes one with the status as its code, so that the display always has something to name.
 */
export function problemOf(body: unknown, status: number): Problem {
  const fields: Readonly<Record<string, unknown>> =
    typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  return {
    status,
    code: text("code") || `HTTP-${status}`,
    title: text("title"),
    detail: text("detail") || (typeof body === "string" ? body.slice(0, 300) : ""),
    hint: text("hint"),
    retryable: fields["retryable"] === true,
  };
}

/** The failure in anything thrown. What is not a `ProblemError` is a fault of the console itself. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ProblemError) return thrown.failure;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { kind: "problem", problem: problemOf({ code: "CONSOLE", detail }, 0) };
}

/** Which message heads the display of a status. */
export function problemHeading(status: number) {
  if (status === 404) return "problem.notFound";
  if (status === 409) return "problem.conflict";
  if (status === 502 || status === 503 || status === 504) return "problem.unavailable";
  if (status >= 400 && status < 500) return "problem.refused";
  return "problem.failed";
}
