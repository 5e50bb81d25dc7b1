import { expect, test } from "vitest";
import type { ControlAccount } from "../api/client";
import { rowsOf, stepFor } from "./tree";

function control(id: string, depth: number, above: string | null, below: number): ControlAccount {
  const sums = { debits_pending: "0", debits_posted: "0", credits_pending: "0", credits_posted: "0", balance: "0" };
  return { id, depth, above, below, accounts: 0, code: 1, currency: "CZK", ...sums };
}

/** 1 over 2 and 3, 2 over 4, and 5 beside 1; leaves below 3, 4 and 5. */
const TREE = [
  control("1", 0, null, 2),
  control("2", 1, "1", 1),
  control("4", 2, "2", 7),
  control("3", 1, "1", 2),
  control("5", 0, null, 1),
];

const seen = (...open: string[]) => rowsOf(TREE, new Set(open));
const ids = (...open: string[]) => seen(...open).map((row) => row.control.id).join(" ");

test("what is below a closed control account is not seen", () => {
  expect(ids()).toBe("1 5");
  expect(ids("1")).toBe("1 2 3 5");
  expect(ids("1", "2")).toBe("1 2 4 3 5");
  // Open, but below a closed one.
  expect(ids("2")).toBe("1 5");
});

test("a control account over control accounts alone has no leaves", () => {
  const leaves = seen("1", "2").filter((row) => row.hasLeaves);
  expect(leaves.map((row) => row.control.id)).toEqual(["4", "3", "5"]);
});

test.each([
  ["ArrowRight", "1", [], { do: "open", id: "1" }],
  ["ArrowRight", "1", ["1"], { do: "focus", id: "2" }],
  ["ArrowLeft", "1", ["1"], { do: "close", id: "1" }],
  ["ArrowLeft", "3", ["1"], { do: "focus", id: "1" }],
  ["ArrowLeft", "5", [], null],
  ["ArrowDown", "1", [], { do: "focus", id: "5" }],
  ["ArrowDown", "5", [], null],
  ["ArrowUp", "5", ["1"], { do: "focus", id: "3" }],
  ["Home", "5", ["1"], { do: "focus", id: "1" }],
  ["End", "1", ["1"], { do: "focus", id: "5" }],
  ["x", "1", [], null],
  ["ArrowDown", "77", [], null],
])("%s on %s with %j open", (key, id, open, step) => {
  expect(stepFor(key, seen(...open), id)).toEqual(step);
});
