import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");

/** The variables of each `{ … }` block that holds colours, in order: light, dark by system, dark by choice. */
const blocks = [...css.matchAll(/\{([^{}]*--page[^{}]*)\}/g)].map((block) =>
  Object.fromEntries(
    [...(block[1] ?? "").matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [
      match[1] ?? "",
      match[2] ?? "",
    ]),
  ),
);

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast ratio of WCAG 2.2, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

test("both ways to the dark theme are the same theme", () => {
  expect(blocks).toHaveLength(3);
  expect(blocks[1]).toEqual(blocks[2]);
  expect(Object.keys(blocks[0] ?? {})).toEqual(Object.keys(blocks[1] ?? {}));
});

const TEXT_ON: readonly (readonly [text: string, grounds: readonly string[]])[] = [
  [
    "--ink",
    [
      "--page",
      "--surface",
      "--raised",
      "--accent-soft",
      "--coin-soft",
      "--good-soft",
      "--warn-soft",
      "--bad-soft",
    ],
  ],
  ["--muted", ["--page", "--surface", "--raised", "--bad-soft"]],
  ["--accent", ["--page", "--surface", "--raised", "--accent-soft"]],
  ["--coin", ["--surface", "--raised", "--coin-soft"]],
  ["--good", ["--page", "--surface", "--raised", "--good-soft"]],
  ["--warn", ["--page", "--surface", "--raised", "--warn-soft"]],
  ["--bad", ["--page", "--surface", "--raised", "--bad-soft"]],
  ["--on-strong", ["--accent", "--bad"]],
];

for (const [theme, block] of [
  ["light", blocks[0]],
  ["dark", blocks[1]],
] as const) {
  for (const [text, grounds] of TEXT_ON) {
    test.each(grounds)(`${theme}: ${text} on %s reads at 4.5 or better`, (ground) => {
      expect(contrast(block?.[text] ?? "", block?.[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
    });
  }
  // The edges of controls and the lines of charts are not text: 3 is their bound.
  test.each(["--line-strong", "--series-1", "--series-2", "--series-3", "--series-4"])(
    `${theme}: %s shows on a surface at 3 or better`,
    (line) => {
      expect(contrast(block?.[line] ?? "", block?.["--surface"] ?? "")).toBeGreaterThanOrEqual(3);
    },
  );
}
