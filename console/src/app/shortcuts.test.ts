import { expect, test } from "vitest";
import { GO_WAIT_MS, type KeyState, readKey } from "./shortcuts";

/** What a run of keys, 100 ms apart, does. */
function type(keys: string): string[] {
  let state: KeyState = { goSince_ms: null };
  const done: string[] = [];
  for (const [index, key] of [...keys].entries()) {
    const read = readKey(state, key, index * 100);
    state = read.state;
    if (read.action) done.push(Object.values(read.action).join(" "));
  }
  return done;
}

test.each([
  ["ga", ["go accounts"]],
  ["gogpglgcgd", ["go overview", "go payments", "go ledger", "go access", "go drills"]],
  ["gx", []],
  // The letter after g belongs to g, even when it would mean something alone.
  ["gr", []],
  ["gxr", ["refresh"]],
  ["gga", ["go accounts"]],
  ["a", []],
  ["?/tl", ["help", "search", "theme", "language"]],
  ["jk[]", ["row 1", "row -1", "page -1", "page 1"]],
])("%s", (keys, actions) => expect(type(keys)).toEqual(actions));

test("g does not wait for ever", () => {
  expect(readKey({ goSince_ms: 0 }, "a", GO_WAIT_MS + 1).action).toBeNull();
  expect(readKey({ goSince_ms: 0 }, "a", GO_WAIT_MS).action).toEqual({ do: "go", section: "accounts" });
});
