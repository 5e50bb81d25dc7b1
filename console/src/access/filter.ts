/** Which rules and certificates a search means. Pure: texts in, rows out. */

import { routePath } from "../app/route";

/** The address of a search on the page. */
export function findAddress(find: string): string {
  return routePath({ page: "access", find: find === "" ? null : find });
}

/** Whether every word of `find` stands somewhere in `texts`, whatever the case. No word means everything. */
export function matches(find: string, texts: readonly string[]): boolean {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const all = texts.join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
