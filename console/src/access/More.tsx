import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";

/** The most rows that a table here shows; the search finds the others. */
export const ROWS_MAX = 200;

/** Says how many rows there are beyond those that are shown. */
export function More({ shown, total }: { readonly shown: number; readonly total: number }) {
  const { t, language } = useText();
  if (total <= shown || shown === 0) return null;
  return (
    <p className="more quiet">
      {t("access.more", { shown: formatCount(shown, language), total: formatCount(total, language) })}
    </p>
  );
}
