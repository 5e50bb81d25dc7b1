import { expect, test } from "vitest";
import { matches } from "./filter";

const rule = ["spiffe://bank.example/payments", "CZK", "EUR", "read"];

test.each([
  ["", true],
  ["  ", true],
  ["payments", true],
  ["PAYMENTS czk", true],
  ["czk payments read", true],
  ["payments usd", false],
  // Words are looked for one by one, never across two texts.
  ["czkeur", false],
])("%j finds it: %s", (find, found) => expect(matches(find, rule)).toBe(found));
