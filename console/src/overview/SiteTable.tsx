import type { Site } from "../api/client";
import { formatCount, formatDuration } from "../format/text";
import { useText } from "../i18n/useText";
import { siteTone } from "../live/health";
import { Badge, TableFrame } from "../ui/parts";
import { useNow } from "../ui/useNow";

/** The sites in rows: what the plan shows, and the process behind each. */
export function SiteTable({ sites }: { readonly sites: readonly Site[] }) {
  const { t, value, language } = useText();
  const now = useNow(true);
  return (
    <TableFrame label={t("site.table")}>
      <thead>
        <tr>
          <th scope="col">{t("site.site")}</th>
          <th scope="col">{t("site.state")}</th>
          <th scope="col">{t("site.role")}</th>
          <th scope="col" className="number">
            {t("site.epoch")}
          </th>
          <th scope="col" className="number">
            {t("site.seq")}
          </th>
          <th scope="col" className="number">
            {t("site.lag")}
          </th>
          <th scope="col" className="number">
            {t("site.pid")}
          </th>
          <th scope="col" className="number">
            {t("site.restarts")}
          </th>
          <th scope="col">{t("site.address")}</th>
          <th scope="col" className="number">
            {t("site.since")}
          </th>
        </tr>
      </thead>
      <tbody>
        {sites.map((site) => (
          <tr key={site.name}>
            <th scope="row">{site.name}</th>
            <td>
              <Badge tone={siteTone(site)}>{value("state", site.state)}</Badge>
            </td>
            <td className={site.role === "leader" ? "leader" : ""}>
              {site.role == null ? "–" : value("role", site.role)}
            </td>
            <td className="number">{site.epoch}</td>
            <td className="number">{formatCount(site.seq, language)}</td>
            <td className="number">{formatCount(site.lag, language)}</td>
            <td className="number">{site.pid ?? "–"}</td>
            <td className="number">{site.restarts}</td>
            <td className="fine">{site.address ?? "–"}</td>
            <td className="number" title={site.since}>
              {formatDuration(now - Date.parse(site.since), language)}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
