import { describe, expect, test } from "vitest";
import { formatPercent, formatAmount, formatEntry, isNegative, isZero } from "./money";

describe("formatAmount", () => {
  test.each([
    ["0.00", "0.00"],
    ["700", "700"],
    ["700.00", "700.00"],
    ["1234.5", "1,234.5"],
    ["1234567.891", "1,234,567.891"],
    ["-12.00", "−12.00"],
    ["-0.00", "0.00"],
    // Beyond 2^53: a number would have lost the last digits.
    ["340282366920938463463374607431768211.45", "340,282,366,920,938,463,463,374,607,431,768,211.45"],
    ["not money", "not money"],
    ["", ""],
    ["1e9", "1e9"],
  ])("%s → %s", (input, output) => expect(formatAmount(input)).toBe(output));
});

test("an entry carries the sign of its side", () => {
  expect(formatEntry("1500.00", "debit")).toBe("−1,500.00");
  expect(formatEntry("1500.00", "credit")).toBe("+1,500.00");
});

test("zero and sign are read from the digits", () => {
  expect(isZero("-0.00")).toBe(true);
  expect(isZero("0.01")).toBe(false);
  expect(isNegative("-0.01")).toBe(true);
  expect(isNegative("-0.00")).toBe(false);
});

test("rates are percent", () => {
  expect([36_500, 0, -5_000, 1, 1_000_000].map(formatPercent)).toEqual(["3.65 %", "0 %", "−0.5 %", "0.0001 %", "100 %"]);
});
