import type { OutletHealth } from "../api/client";
import { DrillPanel } from "../drills/DrillPanel";
import { formatCount, formatDuration, formatTime } from "../format/text";
import { useText } from "../i18n/useText";
import { type Summary, summarize } from "../live/health";
import type { LiveState } from "../live/reducer";
import { useLive } from "../live/stream";
import { Badge, PageTitle, Panel } from "../ui/parts";
import { ChartsPanel } from "./ChartsPanel";
import { EventLog } from "./EventLog";
import { Figures } from "./Figures";
import { LatestPayments } from "./LatestPayments";
import { SitePlan } from "./SitePlan";
import { SiteTable } from "./SiteTable";
import { useNow } from "../ui/useNow";

/** The whole platform at a glance, and the drill. */
export function OverviewPage() {
  const { t } = useText();
  const live = useLive();
  return (
    <>
      <PageTitle title={t("overview.title")} note={<PlatformLine live={live} />} />
      <StreamNotice live={live} />
      <Figures latest={live.latest} stale={live.connection === "lost"} />
      <div className="overview-top">
        <Panel title={t("plan.title")} className="panel-plan">
          {live.latest ? (
            <div className={live.connection === "lost" ? "stale" : ""}>
              <SitePlan platform={live.latest.platform} />
              <SiteTable sites={live.latest.platform.sites} />
            </div>
          ) : (
            <p className="loading">{t("live.waiting")}</p>
          )}
          <EventLog events={live.events} />
        </Panel>
        <DrillPanel platform={live.latest?.platform ?? null} />
      </div>
      <ChartsPanel live={live} />
      <LatestPayments />
    </>
  );
}

function PlatformLine({ live }: { readonly live: LiveState }) {
  const { t, language } = useText();
  if (!live.latest) return null;
  const { platform } = live.latest;
  const summary = summarize(platform);
  const seq = formatCount(platform.seq, language);
  return (
    <div className={live.connection === "lost" ? "platform-line stale" : "platform-line"}>
      <span role="status">
        <Badge tone={summary.tone}>
          <SummaryText summary={summary} />
        </Badge>
      </span>
      {platform.leader == null ? null : (
        <span>{t("overview.leads", { leader: platform.leader, epoch: platform.epoch, seq })}</span>
      )}
      {platform.outlet == null ? null : <OutletLine outlet={platform.outlet} />}
      <span className="quiet">{t("overview.gateway", { gateway: platform.gateway })}</span>
      <span className="quiet">{t("overview.version", { version: platform.version })}</span>
    </div>
  );
}

/** How far the change feed is published. */
function OutletLine({ outlet }: { readonly outlet: OutletHealth }) {
  const { t, language } = useText();
  const seq = formatCount(outlet.published_seq, language);
  const lag = formatCount(outlet.lag_batches, language);
  const text = t("overview.outlet", { seq, lag });
  if (outlet.failure == null) return <span>{text}</span>;
  return (
    <span title={`${outlet.failure.code}: ${outlet.failure.detail}`}>
      <Badge tone="warn">{text}</Badge>
    </span>
  );
}

function SummaryText({ summary }: { readonly summary: Summary }) {
  const { t } = useText();
  switch (summary.kind) {
    case "healthy":
      return t("overview.healthy", { total: summary.total });
    case "degraded":
      return t("overview.degraded", { up: summary.up, total: summary.total });
    case "leaderless":
      return t("overview.leaderless");
    case "diverged":
      return t("overview.diverged", { site: summary.site });
  }
}

/** Says that what the page shows is old, and how old. */
function StreamNotice({ live }: { readonly live: LiveState }) {
  const { t, language } = useText();
  const now = useNow(live.connection === "lost");
  if (live.connection !== "lost" || live.lostAt_ms === null || !live.latest) return null;
  const duration = formatDuration(now - live.lostAt_ms, language);
  return (
    <p className="notice notice-bad" data-testid="stream-lost">
      {t("live.lost.since", { duration, time: formatTime(live.latest.at) })}
    </p>
  );
}
