import type { Platform } from "../api/client";
import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";
import { NARROW, type PlacedCity, type PlacedSite, WIDE, placePlan } from "./planLayout";
import { useMedia } from "../ui/useMedia";

/** The sites on a map-like plan. The table beside it says the same and more in rows. */
export function SitePlan({ platform }: { readonly platform: Platform }) {
  const { t, value } = useText();
  const layout = useMedia("(max-width: 620px)") ? NARROW : WIDE;
  const plan = placePlan(platform, layout);
  const words = plan.sites.map(({ site }) =>
    [site.name, value("state", site.state), site.role == null ? "" : value("role", site.role)]
      .filter(Boolean)
      .join(" "),
  );
  return (
    <svg
      className="plan"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role="img"
      aria-label={t("plan.label", { sites: words.join("; ") })}
    >
      <path className="plan-river" d={layout.river} />
      {plan.cities.map((city) => (
        <City key={city.name} city={city} />
      ))}
      {plan.links.map(({ key, path, kind }) => (
        <path key={key} className={`plan-link plan-link-${kind}`} d={path} />
      ))}
      {plan.sites.map((placed) => (
        <Centre key={placed.site.name} placed={placed} roomy={layout.roomy} />
      ))}
    </svg>
  );
}

function City({ city }: { readonly city: PlacedCity }) {
  const { value } = useText();
  const { x, y, width, height } = city.area;
  return (
    <g className="plan-city">
      <rect x={x} y={y} width={width} height={height} rx="18" />
      <text x={x + 18} y={y + 25}>
        {value("city", city.name)}
      </text>
    </g>
  );
}

function Centre({ placed, roomy }: { readonly placed: PlacedSite; readonly roomy: boolean }) {
  const { t, value, language } = useText();
  const { site, slot, tone, leads } = placed;
  const { x, y, width, height } = slot.card;
  const role = site.role == null ? "" : ` · ${value("role", site.role)}`;
  const left = x + 16;
  return (
    <g className={`plan-site tone-${tone}${leads ? " leads" : ""}`} data-site={site.name} data-leader={leads}>
      <rect className="plan-card" x={x} y={y} width={width} height={height} rx="10" />
      <rect className="plan-edge" x={x} y={y + 12} width="4" height={height - 24} rx="2" />
      <circle className="plan-port" cx={slot.port.x} cy={slot.port.y} r="6" />
      {leads ? (
        <path
          className="plan-coin"
          fillRule="evenodd"
          transform={`translate(${x + width - 32} ${y + 10}) scale(0.6875)`}
          d="M16 1a15 15 0 1 1 0 30 15 15 0 0 1 0-30Zm-5 10v10h10V11H11Z"
        />
      ) : null}
      <text className="plan-name" x={left} y={y + 27}>
        {site.name}
      </text>
      <text className="plan-state" x={left} y={y + 49}>
        {value("state", site.state)}
        {role}
      </text>
      <text className="plan-fine" x={left} y={y + 70}>
        {roomy ? `${t("site.epoch")} ${site.epoch} · ` : ""}
        {`${t("site.seq")} ${formatCount(site.seq, language)}`}
      </text>
      <text className="plan-fine" x={left} y={y + 88}>
        {`${t("plan.centre", { n: site.centre })} · ${t("plan.lag", { lag: formatCount(site.lag, language) })}`}
      </text>
    </g>
  );
}
