import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Language,
  type MessageKey,
  messages,
  preferredLanguage,
  translate,
  translateValue,
} from "./messages";

const keys = Object.keys(messages) as MessageKey[];
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).toSorted();

/** Every source file of the console but the catalogue and the tests. */
const sources = (readdirSync("src", { recursive: true }) as string[])
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$|\.d\.ts$|messages\.ts$/.test(path))
  .map((path) => ({ path, text: readFileSync(join("src", path), "utf8") }));

describe("the catalogue", () => {
  test.each(keys)("%s has both languages and the same parameters", (key) => {
    const { zh, en } = messages[key];
    expect(zh.trim()).not.toBe("");
    expect(en.trim()).not.toBe("");
    expect(names(zh)).toEqual(names(en));
  });

  test("Chinese texts are Chinese and English texts are not", () => {
    const han = /\p{Script=Han}/u;
    const sameInBoth = keys.filter((key) => !han.test(messages[key].zh));
    expect(sameInBoth).toEqual([]);
    expect(keys.filter((key) => han.test(messages[key].en))).toEqual([]);
  });

  test("every key that the sources name exists", () => {
    const named = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => ({ path, key: match[1] })),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter(({ key }) => !((key as string) in messages))).toEqual([]);
  });

  test("every key is used", () => {
    const all = sources.map(({ text }) => text).join("\n");
    // Values of the API are looked up by group, so a group's use counts for its keys.
    const groups = new Set([...all.matchAll(/\bvalue\(\s*"(\w+)"/g)].map((match) => match[1]));
    const unused = keys.filter((key) => !all.includes(`"${key}"`) && !groups.has(key.split(".")[0] ?? ""));
    expect(unused).toEqual([]);
  });

  test("no Chinese text stands outside the catalogue", () => {
    const strays = sources.filter(
      ({ path, text }) => !path.endsWith("text.ts") && /\p{Script=Han}/u.test(text),
    );
    expect(strays.map(({ path }) => path)).toEqual([]);
  });
});

test("parameters are filled in, in both languages", () => {
  expect(translate("en", "overview.leads", { leader: "east-1", epoch: 3, seq: "1,204" })).toBe(
    "east-1 leads, epoch 3, sequence 1,204",
  );
  expect(translate("zh", "plan.centre", { n: 2 })).toBe("2 号中心");
});

test("a value that this build does not know is shown raw", () => {
  expect(translateValue("zh", "role", "leader")).toBe("主站点");
  expect(translateValue("en", "role", "witness")).toBe("witness");
});

test.each<[string[], Language]>([
  [["zh-CN", "en"], "zh"],
  [["zh"], "zh"],
  [["de-CH", "en-US", "zh"], "en"],
  [["de", "zh-Hant-TW"], "zh"],
  [["fr"], "en"],
  [[], "en"],
])("preferences %j → %s", (preferences, language) => expect(preferredLanguage(preferences)).toBe(language));
