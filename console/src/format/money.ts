/**
 * Amounts arrive as decimal strings in major units and stay strings: a balance never becomes a JavaScript
 * number, whose 53 bits would round it.
 */

const AMOUNT = /^(-?)(\d+)(?:\.(\d+))?$/;

/** U+2212, as wide as a digit in tabular figures, unlike the hyphen. */
const MINUS = "−";

/** `"-1234567.50"` → `"−1,234,567.50"`. Anything that is not a decimal string is shown as it came. */
export function formatAmount(amount: string): string {
  const match = AMOUNT.exec(amount);
  if (!match) return amount;
  const [, sign = "", whole = "", fraction] = match;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign && !isZero(amount) ? MINUS : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** The amount as an entry on one side of an account: credits raise the balance (`+`), debits lower it (`−`). */
export function formatEntry(amount: string, direction: string): string {
  return `${direction === "debit" ? MINUS : "+"}${formatAmount(amount)}`;
}

/** A yearly rate in parts per million as percent: `3.65 %`. */
export function formatPercent(ppm: number): string {
  const parts = Math.abs(ppm);
  const fraction = String(parts % 10_000).padStart(4, "0").replace(/0+$/, "");
  return `${ppm < 0 ? MINUS : ""}${Math.trunc(parts / 10_000)}${fraction === "" ? "" : `.${fraction}`} %`;
}

/** Whether every digit of the amount is zero. */
export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount);
}

/** Whether the amount is below zero. */
export function isNegative(amount: string): boolean {
  return amount.startsWith("-") && !isZero(amount);
}
