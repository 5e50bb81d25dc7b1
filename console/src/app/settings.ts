/** What a person chose and the browser remembers: language, theme, shortcuts. */

import { useSyncExternalStore } from "react";
import { type Language, preferredLanguage } from "../i18n/messages";

export type Theme = "system" | "light" | "dark";

export interface Settings {
  readonly language: Language;
  readonly theme: Theme;
  /** Whether single keys act as shortcuts; people who dictate or use a switch turn them off. */
  readonly shortcuts: boolean;
}

const STORAGE_KEY = "tongbao.console";

/** The settings in a stored text. Anything missing or malformed falls back to its default. */
export function parseSettings(stored: string | null, preferences: readonly string[]): Settings {
  let raw: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(stored ?? "{}");
    if (typeof parsed === "object" && parsed !== null) raw = parsed as Record<string, unknown>;
  } catch {
    // A damaged entry is not worth a message: the defaults are good, and the next choice overwrites it.
  }
  const { language, theme, shortcuts } = raw;
  return {
    language: language === "zh" || language === "en" ? language : preferredLanguage(preferences),
    theme: theme === "light" || theme === "dark" ? theme : "system",
    shortcuts: shortcuts !== false,
  };
}

function read(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // Storage can be forbidden; the console then forgets, and works.
  }
}

let current: Settings | undefined;
const listeners = new Set<() => void>();

/** The settings now. */
export function getSettings(): Settings {
  current ??= parseSettings(read(), navigator.languages);
  return current;
}

/** Changes settings, remembers them, and applies them to the page. */
export function changeSettings(change: Partial<Settings>): void {
  current = { ...getSettings(), ...change };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
  } catch {
    // As in `read`.
  }
  applySettings();
  for (const listener of listeners) listener();
}

/** Puts language and theme on the document's root, where styles and screen readers look. */
export function applySettings(): void {
  const { language, theme } = getSettings();
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, getSettings);
}

const NEXT_THEME: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function switchTheme(): void {
  changeSettings({ theme: NEXT_THEME[getSettings().theme] });
}

export function switchLanguage(): void {
  changeSettings({ language: getSettings().language === "zh" ? "en" : "zh" });
}
