import { expect, test } from "vitest";
import { type Route, parseRoute, routePath, sectionOf } from "./route";

test.each<[Exclude<Route, { page: "unknown" }>, string]>([
  [{ page: "overview" }, "/"],
  [{ page: "accounts", after: null }, "/accounts"],
  [{ page: "accounts", after: "18446744073709551615" }, "/accounts?after=18446744073709551615"],
  [{ page: "account", id: "7", before: null }, "/accounts/7"],
  [{ page: "account", id: "a/b?c", before: "x+y=" }, "/accounts/a%2Fb%3Fc?before=x%2By%3D"],
  [{ page: "payments", before: "c&d" }, "/payments?before=c%26d"],
  [
    { page: "payment", id: "0198c9a1-0000-7000-8000-000000000000" },
    "/payments/0198c9a1-0000-7000-8000-000000000000",
  ],
  [{ page: "access", find: null }, "/access"],
  [{ page: "access", find: "spiffe://bank/pay & co" }, "/access?find=spiffe%3A%2F%2Fbank%2Fpay+%26+co"],
  [{ page: "drills" }, "/drills"],
  [{ page: "drill", id: "5" }, "/drills/5"],
  [{ page: "ledger", view: "accounts", query: "" }, "/ledger/accounts"],
  [{ page: "ledger", view: "transfers", query: "code=7&currency=CZK" }, "/ledger/transfers?code=7&currency=CZK"],
  [{ page: "find", id: "42" }, "/find?id=42"],
])("%j ↔ %s", (route, address) => {
  expect(routePath(route)).toBe(address);
  const url = new URL(address, "http://console");
  expect(parseRoute(url.pathname, url.search)).toEqual(route);
});

test.each(["/nothing", "/accounts/7/8", "/accounts/%zz", "/find/7", "/access/7", "/ledger/else", "//x"])("%s is no page", (path) => {
  expect(parseRoute(path, "")).toEqual({ page: "unknown" });
});

test("a closing slash changes nothing", () => {
  expect(parseRoute("/ledger", "")).toEqual({ page: "ledger", view: "accounts", query: "" });
  expect(parseRoute("/accounts/", "")).toEqual({ page: "accounts", after: null });
});

test("details belong to their list's section", () => {
  expect(sectionOf({ page: "payment", id: "1" })).toBe("payments");
  expect(sectionOf({ page: "find", id: "1" })).toBeNull();
});
