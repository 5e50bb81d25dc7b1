import { useEffect, useRef } from "react";
import { navigate } from "../app/navigation";
import { useText } from "../i18n/useText";

interface PagingProps {
  /** What this list is; pages of one list share their trail. */
  readonly list: string;
  /** The cursor of the page that is shown, null on the first. */
  readonly cursor: string | null;
  /** The cursor of the page after it, null at the end. */
  readonly next: string | null;
  /** The address of a page. */
  readonly address: (cursor: string | null) => string;
  /** Whether the first page is the newest, or simply the first. */
  readonly first: "page.first" | "page.newest";
}

/**
 * Paging over opaque cursors. They lead forward only, so the way back is the trail of cursors walked; after
 * a reload in the middle there is none, and the first page is the way back.
 */
export function Paging({ list, cursor, next, address, first }: PagingProps) {
  const { t } = useText();
  const trail = useRef<{ list: string; cursors: (string | null)[] }>({ list, cursors: [cursor] });
  useEffect(() => {
    const { current } = trail;
    const at = current.list === list ? current.cursors.indexOf(cursor) : -1;
    if (at >= 0) current.cursors.length = at + 1;
    else if (current.list === list && cursor !== null) current.cursors.push(cursor);
    else trail.current = { list, cursors: [cursor] };
  }, [list, cursor]);
  if (cursor === null && next === null) return null;
  const goBack = () => {
    const { cursors } = trail.current;
    navigate(address(cursors[cursors.indexOf(cursor) - 1] ?? null));
  };
  return (
    <nav className="paging" aria-label={t("page.label")}>
      <button type="button" disabled={cursor === null} onClick={() => navigate(address(null))}>
        {t(first)}
      </button>
      <button type="button" disabled={cursor === null} data-page="-1" onClick={goBack}>
        {t("page.previous")}
      </button>
      <button
        type="button"
        disabled={next === null}
        data-page="1"
        onClick={() => next !== null && navigate(address(next))}
      >
        {t("page.next")}
      </button>
    </nav>
  );
}
