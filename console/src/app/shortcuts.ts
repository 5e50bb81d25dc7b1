/** Keys to actions. The reading of keys is pure; `useShortcuts` carries the actions out. */

import { useEffect } from "react";
import { REFRESH_EVENT } from "../api/useQuery";
import { navigate } from "./navigation";
import { type Section, routePath } from "./route";
import { getSettings, switchLanguage, switchTheme } from "./settings";

export type Action =
  | { readonly do: "go"; readonly section: Section }
  | { readonly do: "help" | "search" | "refresh" | "theme" | "language" }
  | { readonly do: "row" | "page"; readonly step: 1 | -1 };

/** The letters after `g`. */
export const GO_KEYS: Readonly<Record<string, Section>> = {
  o: "overview",
  a: "accounts",
  p: "payments",
  l: "ledger",
  c: "access",
  d: "drills",
};

const KEYS: Readonly<Record<string, Action>> = {
  "?": { do: "help" },
  "/": { do: "search" },
  r: { do: "refresh" },
  t: { do: "theme" },
  l: { do: "language" },
  j: { do: "row", step: 1 },
  k: { do: "row", step: -1 },
  "]": { do: "page", step: 1 },
  "[": { do: "page", step: -1 },
};

/** A `g` waits this long for its letter. */
export const GO_WAIT_MS = 1500;

export interface KeyState {
  /** When `g` was pressed, in milliseconds; null when no letter is awaited. */
  readonly goSince_ms: number | null;
}

/** Reads one key press: the action it means, if any, and what to remember. */
export function readKey(
  state: KeyState,
  key: string,
  now_ms: number,
): { state: KeyState; action: Action | null } {
  const awaited = state.goSince_ms !== null && now_ms - state.goSince_ms <= GO_WAIT_MS;
  const section = awaited ? GO_KEYS[key] : undefined;
  if (section) return { state: { goSince_ms: null }, action: { do: "go", section } };
  if (key === "g") return { state: { goSince_ms: now_ms }, action: null };
  return { state: { goSince_ms: null }, action: awaited ? null : (KEYS[key] ?? null) };
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null
  );
}

function sectionPath(section: Section): string {
  if (section === "accounts") return routePath({ page: "accounts", after: null });
  if (section === "payments") return routePath({ page: "payments", before: null });
  if (section === "ledger") return routePath({ page: "ledger", view: "accounts", query: "" });
  if (section === "access") return routePath({ page: "access", find: null });
  return routePath({ page: section });
}

/** A page's own search box comes before the header's. */
function focusSearch(): void {
  const box =
    document.querySelector<HTMLInputElement>("main [data-search]") ??
    document.querySelector<HTMLInputElement>("[data-search]");
  box?.focus();
  box?.select();
}

/** Moves the focus along the first links of the tables' rows; from elsewhere it enters at the first row. */
function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const row = document.activeElement?.closest("tr")?.querySelector<HTMLElement>("[data-row]") ?? null;
  const at = row ? rows.indexOf(row) : -1;
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next]?.focus();
}

/** Listens for shortcuts on the whole page. `onHelp` opens the help; it is the one thing without an address. */
export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    let state: KeyState = { goSince_ms: null };
    const act = (action: Action) => {
      switch (action.do) {
        case "go":
          return navigate(sectionPath(action.section));
        case "help":
          return onHelp();
        case "search":
          return focusSearch();
        case "refresh":
          return void window.dispatchEvent(new Event(REFRESH_EVENT));
        case "theme":
          return switchTheme();
        case "language":
          return switchLanguage();
        case "row":
          return moveRow(action.step);
        case "page":
          return document.querySelector<HTMLElement>(`main [data-page="${action.step}"]`)?.click();
      }
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (isTyping(event.target)) {
        if (event.key === "Escape") (event.target as HTMLElement).blur();
        return;
      }
      if (document.querySelector("dialog[open]") || !getSettings().shortcuts) return;
      const read = readKey(state, event.key, event.timeStamp);
      state = read.state;
      if (!read.action) return;
      event.preventDefault();
      act(read.action);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [onHelp]);
}
