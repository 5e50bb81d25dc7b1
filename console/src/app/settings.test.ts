import { expect, test } from "vitest";
import { parseSettings } from "./settings";

test("nothing stored: the browser's language, the system's theme, shortcuts on", () => {
  expect(parseSettings(null, ["zh-CN"])).toEqual({ language: "zh", theme: "system", shortcuts: true });
});

test("what was chosen wins over the browser", () => {
  const stored = JSON.stringify({ language: "en", theme: "dark", shortcuts: false });
  expect(parseSettings(stored, ["zh-CN"])).toEqual({ language: "en", theme: "dark", shortcuts: false });
});

test.each(["", "{", "null", "7", '"x"', '{"language":"fr","theme":3,"shortcuts":"no"}'])(
  "damaged: %s",
  (stored) => {
    expect(parseSettings(stored, ["en"])).toEqual({ language: "en", theme: "system", shortcuts: true });
  },
);
