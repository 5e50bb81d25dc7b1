import { expect, test } from "vitest";
import {
  elapsedMs,
  formatCount,
  formatDate,
  formatDateTime,
  formatDuration,
  formatMs,
  formatRate,
  formatTime,
  shortHash,
} from "./text";

test("counts and rates", () => {
  expect(formatCount(49101, "en")).toBe("49,101");
  expect(formatCount(49101, "zh")).toBe("49,101");
  expect(formatRate(0, "en")).toBe("0");
  expect(formatRate(3.14, "en")).toBe("3.1");
  expect(formatRate(8123.6, "en")).toBe("8,124");
});

test.each([
  [null, "–"],
  [undefined, "–"],
  [0.844, "0.84 ms"],
  [83.24, "83.2 ms"],
  [1250.4, "1,250 ms"],
])("latency %s → %s", (value, text) => expect(formatMs(value, "en")).toBe(text));

test("times are local and survive nine fractional digits", () => {
  const local = new Date(2026, 10, 22, 13, 2, 11, 84);
  const stamp = local.toISOString().replace("Z", "123456Z");
  expect(formatTime(stamp)).toBe("13:02:11.084");
  expect(formatDateTime(stamp)).toBe("2026-11-22 13:02:11");
  expect(formatTime("soon")).toBe("soon");
  expect(formatDateTime("soon")).toBe("soon");
  expect(formatDate(stamp)).toBe("2026-11-22");
  expect(formatDate("soon today")).toBe("soon today");
});

test.each([
  [-5, "0 s", "0 秒"],
  [59_999, "59 s", "59 秒"],
  [60_000, "1 min", "1 分钟"],
  [7_200_000, "2 h", "2 小时"],
  [172_800_000, "2 d", "2 天"],
])("duration %d ms", (ms, en, zh) => {
  expect(formatDuration(ms, "en")).toBe(en);
  expect(formatDuration(ms, "zh")).toBe(zh);
});

test("a hash keeps both ends", () => {
  expect(shortHash("a".repeat(10) + "b".repeat(48) + "cdefgh")).toBe("aaaaaaaa…cdefgh");
  expect(shortHash("short")).toBe("short");
});

test.each([
  ["2026-11-22T13:00:00.000000000Z", "2026-11-22T13:00:00.083200000Z", 83.2],
  ["2026-11-22T13:00:00.999600000Z", "2026-11-22T13:00:01.000000000Z", 0.4],
  ["2026-11-22T13:00:01Z", "2026-11-22T13:00:00.5Z", -500],
  ["2026-11-22T13:00:00Z", "2026-11-22T14:00:00+01:00", 0],
])("from %s to %s: %d ms", (from, to, ms) => expect(elapsedMs(from, to)).toBeCloseTo(ms, 6));

test("an unreadable time has no distance", () => {
  expect(elapsedMs("", "2026-11-22T13:00:00Z")).toBeNull();
  expect(elapsedMs("2026-11-22T13:00:00Z", "later")).toBeNull();
});
