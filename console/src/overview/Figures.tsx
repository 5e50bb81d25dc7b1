import type { Live } from "../api/client";
import { formatCount, formatMs, formatRate } from "../format/text";
import { useText } from "../i18n/useText";

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly alarming?: boolean;
}

/** The key figures of this moment, in one line. */
export function Figures({ latest, stale }: { readonly latest: Live | null; readonly stale: boolean }) {
  const { t, language } = useText();
  const show = (text: (live: Live) => string) => (latest ? text(latest) : "–");
  const figures: Figure[] = [
    { name: t("figure.transfers"), value: show((live) => formatRate(live.transfers_per_s, language)) },
    { name: t("figure.requests"), value: show((live) => formatRate(live.requests_per_s, language)) },
    { name: t("figure.p50"), value: show((live) => formatMs(live.p50_ms, language)) },
    { name: t("figure.p99"), value: show((live) => formatMs(live.p99_ms, language)) },
    {
      name: t("figure.held"),
      value: show((live) => formatCount(live.held, language)),
      alarming: (latest?.held ?? 0) > 0,
    },
    {
      name: t("figure.errors"),
      value: show((live) => formatRate(live.errors_per_s, language)),
      alarming: (latest?.errors_per_s ?? 0) > 0,
    },
    { name: t("figure.accounts"), value: show((live) => formatCount(live.accounts, language)) },
    { name: t("figure.total"), value: show((live) => formatCount(live.transfers, language)) },
  ];
  return (
    <dl className={stale ? "figures stale" : "figures"} aria-label={t("figure.label")}>
      {figures.map(({ name, value, alarming }) => (
        <div key={name} className={alarming ? "figure alarming" : "figure"}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
