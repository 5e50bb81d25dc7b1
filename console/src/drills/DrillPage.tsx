import { type Drill, type DrillReport, getDrill } from "../api/client";
import { useQuery } from "../api/useQuery";
import { elapsedMs, formatCount, formatMs, formatTime } from "../format/text";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { CopyButton, PageTitle, Panel } from "../ui/parts";
import { DrillPhases } from "./DrillPhases";
import { DrillResult } from "./DrillResult";

const REFRESH_MS = 1000;

/** One drill: its phases, its evidence, and the moments that the recovery time is made of. */
export function DrillPage({ id }: { readonly id: string }) {
  const { t } = useText();
  const query = useQuery(`drill/${id}`, (signal) => getDrill(id, signal), REFRESH_MS);
  return (
    <>
      <PageTitle title={t("drill.title", { id })} note={<CopyButton text={id} />} />
      <Loaded query={query}>{(drill) => <Contents drill={drill} />}</Loaded>
    </>
  );
}

function Contents({ drill }: { readonly drill: Drill }) {
  const { t } = useText();
  return (
    <div className="drill-page">
      <Panel title={drill.state === "running" ? t("drill.running", { site: drill.site }) : t("drill.result")}>
        <DrillPhases drill={drill} />
        {drill.state === "running" ? null : <DrillResult drill={drill} />}
      </Panel>
      {drill.report ? <Timeline report={drill.report} /> : null}
    </div>
  );
}

function Timeline({ report }: { readonly report: DrillReport }) {
  const { t, language } = useText();
  const moments = [
    { name: t("report.startedAt"), at: report.started_at },
    { name: t("report.lastAck"), at: report.last_ack_before },
    { name: t("report.killedAt"), at: report.killed_at },
    { name: t("report.firstAck"), at: report.first_ack_after },
  ];
  const offset = (at: string) => {
    const ms = elapsedMs(report.killed_at, at);
    if (ms === null || ms === 0) return "";
    return `${ms < 0 ? "−" : "+"}${formatMs(Math.abs(ms), language)}`;
  };
  return (
    <Panel title={t("report.timeline")}>
      <ol className="timeline">
        {moments.map(({ name, at }) => (
          <li key={name} className={at === report.killed_at ? "kill" : ""}>
            <time dateTime={at} title={at}>
              {formatTime(at)}
            </time>
            <span>{name}</span>
            <b>{offset(at)}</b>
          </li>
        ))}
      </ol>
      <dl className="facts">
        <div>
          <dt>{t("report.verifiedSeq")}</dt>
          <dd>{formatCount(report.verified_seq, language)}</dd>
        </div>
        <div>
          <dt>
            {t("report.hashes")} · {t("report.hash.live")}
          </dt>
          <dd>
            <code className="wrap">{report.state_hash_live}</code>
          </dd>
        </div>
        <div>
          <dt>
            {t("report.hashes")} · {t("report.hash.replay")}
          </dt>
          <dd>
            <code className="wrap">{report.state_hash_replay}</code>
          </dd>
        </div>
      </dl>
    </Panel>
  );
}
