/** What a search asks for, in the address of its page: so it can be kept, sent to a colleague, and gone back to. */

import type { Search } from "../api/client";
import { type LedgerView, routePath } from "../app/route";

/** How a field of a search is entered. */
export interface Field {
  /** The name in the API and in the address. */
  readonly name: string;
  readonly kind: "text" | "time" | "order";
}

/** The fields of `query` that a search knows and that ask for something, times as the API reads them. */
export function searchOf(query: string, fields: readonly Field[]): Search {
  const asked = new URLSearchParams(query);
  const search: Record<string, string> = {};
  for (const { name, kind } of [...fields, { name: "after", kind: "text" as const }]) {
    const value = asked.get(name)?.trim() ?? "";
    if (value !== "") search[name] = kind === "time" ? utc(value) : value;
  }
  return search;
}

/** A local date and time of a form as an RFC 3339 time in UTC; anything else as it is, for the server to judge. */
function utc(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? local : time.toISOString();
}

/** The address of `view` with what `values` ask for, from the first page. */
export function searchAddress(view: LedgerView, values: Iterable<readonly [string, string]>): string {
  const asked = [...values].map(([name, value]) => [name, value.trim()] as [string, string]);
  const query = new URLSearchParams(asked.filter(([, value]) => value !== "")).toString();
  return routePath({ page: "ledger", view, query });
}

/** The address of another page of the same search. */
export function pageAddress(view: LedgerView, query: string, after: string | null): string {
  const asked = new URLSearchParams(query);
  if (after === null) asked.delete("after");
  else asked.set("after", after);
  return routePath({ page: "ledger", view, query: asked.toString() });
}

/** A search without its page: what its pages have in common. */
export function searchName(view: LedgerView, query: string): string {
  return pageAddress(view, query, null);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `3 d 04:05:06`, never below zero; the days' unit is the reader's. */
export function timeLeft(now: string, end: string, day: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(end) - Date.parse(now)) / 1000));
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  const days = Math.floor(seconds / 86_400);
  return days === 0 ? clock : `${days}${day} ${clock}`;
}
