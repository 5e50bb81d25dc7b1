import { useState } from "react";
import { formatMs, formatRate } from "../format/text";
import { useText } from "../i18n/useText";
import type { LiveState } from "../live/reducer";
import { Badge, Panel } from "../ui/parts";
import { Chart, type ChartMark } from "./Chart";

const WINDOWS_MIN = [2, 5] as const;

/** The two live charts, over one range of time. */
export function ChartsPanel({ live }: { readonly live: LiveState }) {
  const { t, language } = useText();
  const [minutes, setMinutes] = useState<number>(WINDOWS_MIN[0]);
  const stale = live.connection !== "open";
  const marks: ChartMark[] = live.events
    .filter(({ kind }) => kind === "leader")
    .map(({ at, site, epoch }) => ({
      at_s: Date.parse(at) / 1000,
      text: t("chart.mark", { epoch, leader: site }),
    }));
  const range = (
    <div className="switch" role="group" aria-label={t("chart.window")}>
      {WINDOWS_MIN.map((n) => (
        <button key={n} type="button" aria-pressed={n === minutes} onClick={() => setMinutes(n)}>
          {t("chart.minutes", { n })}
        </button>
      ))}
    </div>
  );
  const aside = (
    <span className="panel-tools">
      {stale && live.latest ? <Badge tone="bad">{t("chart.paused")}</Badge> : null}
      {range}
    </span>
  );
  return (
    <div className="charts">
      <Panel title={t("chart.throughput")} aside={aside}>
        <Chart
          points={live.points}
          span_s={minutes * 60}
          marks={marks}
          stale={stale}
          format={(value) => (value === null ? "–" : formatRate(value, language))}
          series={[
            {
              name: t("figure.transfers"),
              pick: (point) => point.transfers,
              colour: "--series-1",
              filled: true,
            },
            {
              name: t("figure.requests"),
              pick: (point) => point.requests,
              colour: "--series-2",
              filled: false,
            },
          ]}
        />
      </Panel>
      <Panel
        title={t("chart.latency")}
        aside={stale && live.latest ? <Badge tone="bad">{t("chart.paused")}</Badge> : null}
      >
        <Chart
          points={live.points}
          span_s={minutes * 60}
          marks={marks}
          stale={stale}
          format={(value) => formatMs(value, language)}
          series={[
            { name: t("figure.p99"), pick: (point) => point.p99, colour: "--series-3", filled: true },
            { name: t("figure.p50"), pick: (point) => point.p50, colour: "--series-4", filled: false },
          ]}
        />
      </Panel>
    </div>
  );
}
