import { expect, test } from "vitest";
import { type QueryState, queryReducer } from "./useQuery";

const start: QueryState<number> = { key: "a", data: undefined, failure: undefined, loading: true };
const loaded = queryReducer(start, { type: "succeeded", key: "a", data: 1 });
const problem = (status: number) => ({
  kind: "problem" as const,
  problem: { status, code: "X", title: "", detail: "", hint: "", retryable: false },
});

test("a refresh keeps the data while it loads", () => {
  expect(queryReducer(loaded, { type: "started", key: "a" })).toEqual({ ...loaded, loading: true });
});

test("a new key starts empty", () => {
  expect(queryReducer(loaded, { type: "started", key: "b" })).toEqual({ ...start, key: "b" });
});

test("an answer to an old key is dropped", () => {
  expect(queryReducer(loaded, { type: "succeeded", key: "b", data: 2 })).toBe(loaded);
  expect(queryReducer(loaded, { type: "failed", key: "b", failure: { kind: "offline" } })).toBe(loaded);
});

test("a failed refresh keeps the data, and success clears the failure", () => {
  const failed = queryReducer(loaded, { type: "failed", key: "a", failure: { kind: "offline" } });
  expect(failed).toMatchObject({ data: 1, failure: { kind: "offline" }, loading: false });
  expect(queryReducer(failed, { type: "succeeded", key: "a", data: 2 })).toMatchObject({
    data: 2,
    failure: undefined,
  });
  expect(queryReducer(loaded, { type: "failed", key: "a", failure: problem(503) }).data).toBe(1);
});

test("not found takes the data away", () => {
  expect(queryReducer(loaded, { type: "failed", key: "a", failure: problem(404) }).data).toBeUndefined();
});
