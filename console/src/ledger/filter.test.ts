import { expect, test } from "vitest";
import { type Field, pageAddress, searchAddress, searchName, searchOf, timeLeft } from "./filter";

const FIELDS: readonly Field[] = [
  { name: "code", kind: "text" },
  { name: "from", kind: "time" },
];

test("only known fields that ask for something are asked for", () => {
  expect(searchOf("code=7&colour=red&from=", FIELDS)).toEqual({ code: "7" });
  expect(searchOf("after=5&code=%20", FIELDS)).toEqual({ after: "5" });
});

test("local times are sent as UTC, and what is no time as it is", () => {
  expect(searchOf("from=2026-11-22T12:00", FIELDS)).toEqual({ from: new Date("2026-11-22T12:00").toISOString() });
  expect(searchOf("from=yesterday", FIELDS)).toEqual({ from: "yesterday" });
});

test("a search lives in its address", () => {
  expect(searchAddress("transfers", [["code", " 7 "], ["currency", ""]])).toBe("/ledger/transfers?code=7");
  expect(pageAddress("transfers", "code=7", "99")).toBe("/ledger/transfers?code=7&after=99");
  expect(pageAddress("transfers", "code=7&after=99", null)).toBe("/ledger/transfers?code=7");
  expect(searchName("transfers", "code=7&after=99")).toBe(searchName("transfers", "code=7"));
});

test.each([
  ["2026-01-01T00:00:00Z", "2026-01-01T00:00:59Z", "00:00:59"],
  ["2026-01-01T00:00:00Z", "2026-01-04T04:05:06Z", "3 d 04:05:06"],
  ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "00:00:00"],
])("from %s to %s: %s", (now, end, left) => expect(timeLeft(now, end, " d")).toBe(left));
