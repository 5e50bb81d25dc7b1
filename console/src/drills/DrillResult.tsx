import type { ReactNode } from "react";
import { type Drill, type DrillReport, drillReportPath } from "../api/client";
import { Link } from "../app/navigation";
import { routePath } from "../app/route";
import { formatCount, formatMs, shortHash } from "../format/text";
import { useText } from "../i18n/useText";
import { Badge, Time } from "../ui/parts";

/** A finished drill's evidence in short: was anything lost, and how long did it take. */
export function DrillResult({ drill }: { readonly drill: Drill }) {
  const { t, value } = useText();
  const { report } = drill;
  return (
    <div className={`result result-${drill.state}`} data-testid="drill-result">
      <p className="result-head">
        <Badge tone={drill.state === "passed" ? "good" : "bad"}>{value("verdict", drill.state)}</Badge>
        <Link to={routePath({ page: "drill", id: drill.id })}>{drill.site}</Link>
        <span className="quiet">
          <Time at={drill.started_at} />
        </span>
      </p>
      {drill.error == null ? null : <p className="result-error">{drill.error}</p>}
      {report ? <Evidence report={report} /> : null}
      {report ? (
        <a
          className="button"
          href={drillReportPath(drill.id)}
          target="_blank"
          rel="noreferrer"
          data-testid="report-link"
        >
          {t("report.open")}
        </a>
      ) : null}
    </div>
  );
}

function Evidence({ report }: { readonly report: DrillReport }) {
  const { t, language } = useText();
  const count = (number: number) => formatCount(number, language);
  const equal = report.state_hash_live === report.state_hash_replay;
  const balances = { compared: count(report.balances_compared), different: count(report.balances_different) };
  return (
    <>
      <dl className="result-figures">
        <Fact name={t("report.rto")}>{formatMs(report.rto_ms, language)}</Fact>
        <Fact name={t("report.lost")} bad={report.lost !== 0}>
          {count(report.lost)}
        </Fact>
        <Fact name={t("report.duplicated")} bad={report.duplicated !== 0}>
          {count(report.duplicated)}
        </Fact>
      </dl>
      <dl className="facts facts-inline">
        <Fact name={t("report.acknowledged")}>
          {count(report.acknowledged)} / {count(report.offered)}
        </Fact>
        <Fact name={t("report.leader")}>
          {report.leader_before} → {report.leader_after}
        </Fact>
        <Fact name={t("report.epoch")}>
          {report.epoch_before} → {report.epoch_after}
        </Fact>
        <Fact name={t("report.balances")} bad={report.balances_different !== 0}>
          {t("report.balances.value", balances)}
        </Fact>
        <Fact name={t("report.hashes")} bad={!equal} wide>
          <Badge tone={equal ? "good" : "bad"}>
            {equal ? t("report.hashes.equal") : t("report.hashes.differ")}
          </Badge>
          <Hash name={t("report.hash.live")} hash={report.state_hash_live} />
          <Hash name={t("report.hash.replay")} hash={report.state_hash_replay} />
        </Fact>
      </dl>
    </>
  );
}

function Fact(props: {
  readonly name: string;
  readonly bad?: boolean;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div className={props.wide ? "wide" : ""}>
      <dt>{props.name}</dt>
      <dd className={props.bad ? "bad" : ""}>{props.children}</dd>
    </div>
  );
}

function Hash({ name, hash }: { readonly name: string; readonly hash: string }) {
  return (
    <span className="hash">
      <span className="quiet">{name}</span> <code title={hash}>{shortHash(hash)}</code>
    </span>
  );
}
