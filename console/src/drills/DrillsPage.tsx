import { type Drill, drillReportPath, listDrills } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { routePath } from "../app/route";
import { formatCount, formatMs } from "../format/text";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Empty, PageTitle, Panel, TableFrame, Time } from "../ui/parts";
import { DrillVerdict } from "./DrillVerdict";

const REFRESH_MS = 3000;

/** Every drill of this installation, newest first. */
export function DrillsPage() {
  const { t } = useText();
  const query = useQuery("drills", (signal) => listDrills(signal), REFRESH_MS);
  return (
    <>
      <PageTitle title={t("drills.title")} />
      <Panel title={t("drills.history")}>
        <Loaded query={query}>
          {({ drills }) =>
            drills.length === 0 ? (
              <Empty
                title={t("drills.empty")}
                hint={t("drills.empty.hint")}
                command="tongbao drill kill-site east-1"
              />
            ) : (
              <DrillsTable drills={drills} />
            )
          }
        </Loaded>
      </Panel>
    </>
  );
}

function DrillsTable({ drills }: { readonly drills: readonly Drill[] }) {
  const { t } = useText();
  return (
    <TableFrame label={t("drills.history")}>
      <thead>
        <tr>
          <th scope="col">{t("payment.time")}</th>
          <th scope="col">{t("report.site")}</th>
          <th scope="col">{t("report.verdict")}</th>
          <th scope="col" className="number">
            {t("report.rto")}
          </th>
          <th scope="col" className="number">
            {t("report.lost")}
          </th>
          <th scope="col" className="number">
            {t("report.duplicated")}
          </th>
          <th scope="col" className="number">
            {t("report.acknowledged")}
          </th>
          <th scope="col">{t("report.leader")}</th>
          <th scope="col">{t("report.epoch")}</th>
          <th scope="col">{t("report.link")}</th>
        </tr>
      </thead>
      <tbody>
        {drills.map((drill) => (
          <Row key={drill.id} drill={drill} />
        ))}
      </tbody>
    </TableFrame>
  );
}

function Row({ drill }: { readonly drill: Drill }) {
  const { t, language } = useText();
  const { report } = drill;
  const count = (number: number | undefined) => (number === undefined ? "–" : formatCount(number, language));
  return (
    <tr>
      <th scope="row">
        <Link data-row="" to={routePath({ page: "drill", id: drill.id })}>
          <Time at={drill.started_at} />
        </Link>
      </th>
      <td>{drill.site}</td>
      <td>
        <DrillVerdict drill={drill} />
      </td>
      <td className="number strong">{formatMs(report?.rto_ms, language)}</td>
      <td className="number">{count(report?.lost)}</td>
      <td className="number">{count(report?.duplicated)}</td>
      <td className="number">{report ? `${count(report.acknowledged)} / ${count(report.offered)}` : "–"}</td>
      <td>{report ? `${report.leader_before} → ${report.leader_after}` : "–"}</td>
      <td>{report ? `${report.epoch_before} → ${report.epoch_after}` : "–"}</td>
      <td>
        {report ? (
          <a href={drillReportPath(drill.id)} target="_blank" rel="noreferrer">
            {t("report.open")}
          </a>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}
