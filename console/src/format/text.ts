/** Numbers, times and long names as text. Every function is pure; the language is an argument. */

import type { Language } from "../i18n/messages";

const LOCALE: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };
const NONE = "–";

/** A count with thousands separators. */
export function formatCount(value: number, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: 0 }).format(value);
}

/** A rate per second: one decimal below ten, none above. */
export function formatRate(value: number, language: Language): string {
  const digits = value !== 0 && Math.abs(value) < 10 ? 1 : 0;
  return new Intl.NumberFormat(LOCALE[language], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** Milliseconds with their unit: `0.84 ms`, `83.2 ms`, `1,250 ms`; a dash when there were no samples. */
export function formatMs(value: number | null | undefined, language: Language): string {
  if (value == null) return NONE;
  const digits = value < 1 ? 2 : value < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: digits }).format(value);
  return `${number} ms`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local time of day with milliseconds: `13:02:11.084`. Unreadable input is shown as it came. */
export function formatTime(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  return `${clock(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Local date and time, ISO order, which both languages read: `2026-11-22 13:02:11`. */
export function formatDateTime(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return timestamp;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`;
}

/** Local date: `2026-11-22`. Unreadable input is shown as it came. */
export function formatDate(timestamp: string): string {
  return Number.isNaN(Date.parse(timestamp)) ? timestamp : formatDateTime(timestamp).slice(0, 10);
}

/** How long `ms` is in words a glance can read: `12 s`, `5 min`, `3 h`, `2 d` (`12 秒`, `5 分钟`, …). */
export function formatDuration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = language === "zh" ? [" 秒", " 分钟", " 小时", " 天"] : [" s", " min", " h", " d"];
  if (seconds < 60) return `${seconds}${units[0]}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${units[1]}`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}${units[2]}`;
  return `${Math.floor(seconds / 86_400)}${units[3]}`;
}

/** The first and last characters of a hash, enough to compare by eye; the full text goes in a title. */
export function shortHash(hash: string): string {
  return hash.length <= 20 ? hash : `${hash.slice(0, 8)}…${hash.slice(-6)}`;
}

const STAMP = /^(.+:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds from one timestamp to another, with the fraction that `Date` would cut; null when unreadable. */
export function elapsedMs(from: string, to: string): number | null {
  const [start, end] = [from, to].map((stamp) => {
    const [, seconds, fraction = "", zone = ""] = STAMP.exec(stamp) ?? [];
    return { whole_ms: Date.parse(`${seconds}${zone}`), fraction_ms: Number(`0${fraction}`) * 1000 };
  });
  if (!start || !end) return null;
  const elapsed = end.whole_ms - start.whole_ms + (end.fraction_ms - start.fraction_ms);
  return Number.isNaN(elapsed) ? null : elapsed;
}
