/** Addresses of the console and what they mean. Ids in them are opaque text. */

export type Route =
  | { readonly page: "overview" }
  | { readonly page: "accounts"; readonly after: string | null }
  | { readonly page: "account"; readonly id: string; readonly before: string | null }
  | { readonly page: "payments"; readonly before: string | null }
  | { readonly page: "payment"; readonly id: string }
  | { readonly page: "access"; readonly find: string | null }
  | { readonly page: "drills" }
  | { readonly page: "drill"; readonly id: string }
  | { readonly page: "ledger"; readonly view: LedgerView; readonly query: string }
  | { readonly page: "find"; readonly id: string }
  | { readonly page: "unknown" };

/** The pages of the ledger, in the order of their tabs. */
export const LEDGER_VIEWS = [
  "accounts",
  "tree",
  "transfers",
  "pending",
  "trial-balance",
  "days",
  "interest",
  "journal",
] as const;

export type LedgerView = (typeof LEDGER_VIEWS)[number];

/** The route of a path and its query, e.g. `/accounts/7` and `?before=…`. */
export function parseRoute(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  const [section = "", encoded, ...rest] = path.replace(/^\/+|\/+$/g, "").split("/");
  const id = encoded === undefined ? null : decode(encoded);
  if (rest.length > 0 || id === "") return { page: "unknown" };
  switch (section) {
    case "":
      return { page: "overview" };
    case "accounts":
      return id === null
        ? { page: "accounts", after: query.get("after") }
        : { page: "account", id, before: query.get("before") };
    case "payments":
      return id === null ? { page: "payments", before: query.get("before") } : { page: "payment", id };
    case "access":
      return id === null ? { page: "access", find: query.get("find") } : { page: "unknown" };
    case "drills":
      return id === null ? { page: "drills" } : { page: "drill", id };
    case "ledger": {
      const view = LEDGER_VIEWS.find((known) => known === (id ?? "accounts"));
      return view ? { page: "ledger", view, query: query.toString() } : { page: "unknown" };
    }
    case "find":
      return id === null ? { page: "find", id: query.get("id") ?? "" } : { page: "unknown" };
    default:
      return { page: "unknown" };
  }
}

/** The address of a route; `parseRoute` reads it back. */
export function routePath(route: Exclude<Route, { page: "unknown" }>): string {
  switch (route.page) {
    case "overview":
      return "/";
    case "accounts":
      return withQuery("/accounts", "after", route.after);
    case "account":
      return withQuery(`/accounts/${encodeURIComponent(route.id)}`, "before", route.before);
    case "payments":
      return withQuery("/payments", "before", route.before);
    case "payment":
      return `/payments/${encodeURIComponent(route.id)}`;
    case "access":
      return withQuery("/access", "find", route.find);
    case "drills":
      return "/drills";
    case "drill":
      return `/drills/${encodeURIComponent(route.id)}`;
    case "ledger":
      return `/ledger/${route.view}${route.query === "" ? "" : `?${route.query}`}`;
    case "find":
      return withQuery("/find", "id", route.id);
  }
}

function withQuery(path: string, name: string, value: string | null): string {
  return value === null ? path : `${path}?${new URLSearchParams([[name, value]]).toString()}`;
}

/** A part of a path as text; empty when it is not well encoded. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

export type Section = "overview" | "accounts" | "payments" | "ledger" | "access" | "drills";

/** The entry of the main navigation that a route belongs to. */
export function sectionOf(route: Route): Section | null {
  if (route.page === "account") return "accounts";
  if (route.page === "payment") return "payments";
  if (route.page === "drill") return "drills";
  return route.page === "find" || route.page === "unknown" ? null : route.page;
}
