import { expect, test } from "vitest";
import { ProblemError, failureOf, problemHeading, problemOf } from "./problem";

test("a problem document is read field by field", () => {
  const document = {
    type: "https://tongbao.dev/errors/LED-0054",
    title: "exceeds_credits",
    status: 422,
    code: "LED-0054",
    detail: "the account has 12.00 available",
    hint: "post a smaller amount",
    retryable: true,
  };
  expect(problemOf(document, 422)).toEqual({
    status: 422,
    code: "LED-0054",
    title: "exceeds_credits",
    detail: "the account has 12.00 available",
    hint: "post a smaller amount",
    retryable: true,
  });
});

test.each([
  [undefined, ""],
  [null, ""],
  ["<html>bad gateway</html>", "<html>bad gateway</html>"],
  [{ code: 7, detail: ["x"] }, ""],
  [[], ""],
])("%j is not a problem document, and still has a code", (body, detail) => {
  expect(problemOf(body, 502)).toMatchObject({ code: "HTTP-502", detail, retryable: false });
});

test("anything thrown has a failure", () => {
  expect(failureOf(new ProblemError({ kind: "offline" }))).toEqual({ kind: "offline" });
  expect(failureOf(new TypeError("x is undefined"))).toMatchObject({
    problem: { code: "CONSOLE", detail: "x is undefined" },
  });
});

test.each([
  [404, "problem.notFound"],
  [409, "problem.conflict"],
  [422, "problem.refused"],
  [503, "problem.unavailable"],
  [500, "problem.failed"],
  [0, "problem.failed"],
])("status %d is headed %s", (status, key) => expect(problemHeading(status)).toBe(key));
