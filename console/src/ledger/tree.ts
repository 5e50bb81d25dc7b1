/** Which rows of the tree of accounts are seen, and what a key does to them. */

import type { ControlAccount } from "../api/client";

/** A control account that is seen. */
export interface TreeRow {
  readonly control: ControlAccount;
  readonly open: boolean;
  /** Whether accounts that are no control accounts stand directly below it. */
  readonly hasLeaves: boolean;
}

/**
 * The control accounts that are seen when those in `open` show what is below them. `controls` are in the order of the
 * tree: each right before those below it.
 */
export function rowsOf(controls: readonly ControlAccount[], open: ReadonlySet<string>): TreeRow[] {
  const controlsBelow = new Map<string, number>();
  for (const { above } of controls) {
    if (above != null) controlsBelow.set(above, (controlsBelow.get(above) ?? 0) + 1);
  }
  const rows: TreeRow[] = [];
  // Below a control account that shows nothing, nothing is seen until its depth is reached again.
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const control of controls) {
    if (control.depth > hiddenBelow) continue;
    const isOpen = open.has(control.id);
    hiddenBelow = isOpen ? Number.POSITIVE_INFINITY : control.depth;
    const hasLeaves = control.below > (controlsBelow.get(control.id) ?? 0);
    rows.push({ control, open: isOpen, hasLeaves });
  }
  return rows;
}

/** What a key does in a tree: shows or hides what is below, or moves the focus to an account. */
export type TreeStep =
  | { readonly do: "open" | "close"; readonly id: string }
  | { readonly do: "focus"; readonly id: string }
  | null;

/** The step that `key` means on the row of the control account `id` (WAI-ARIA, treegrid). */
export function stepFor(key: string, rows: readonly TreeRow[], id: string): TreeStep {
  const at = rows.findIndex((row) => row.control.id === id);
  const row = rows[at];
  if (row === undefined) return null;
  const focus = (target: TreeRow | undefined): TreeStep =>
    target === undefined ? null : { do: "focus", id: target.control.id };
  switch (key) {
    case "ArrowRight":
      return row.open ? focus(rows[at + 1]) : { do: "open", id };
    case "ArrowLeft":
      if (row.open) return { do: "close", id };
      return row.control.above == null ? null : { do: "focus", id: row.control.above };
    case "ArrowDown":
      return focus(rows[at + 1]);
    case "ArrowUp":
      return focus(rows[at - 1]);
    case "Home":
      return focus(rows[0]);
    case "End":
      return focus(rows.at(-1));
    default:
      return null;
  }
}
