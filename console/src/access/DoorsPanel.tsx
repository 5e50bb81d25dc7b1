import type { AccessDoors } from "../api/client";
import { useText } from "../i18n/useText";
import type { Tone } from "../live/health";
import { Badge, Panel } from "../ui/parts";

const TONES: Readonly<Record<string, Tone>> = { current: "good", older: "warn", missing: "bad" };

/** Where each site serves ledger clients, and which rules it keeps there. */
export function DoorsPanel({ doors }: { readonly doors: readonly AccessDoors[] }) {
  const { t, value } = useText();
  const isPlain = doors.some((door) => door.plain != null);
  return (
    <Panel title={t("access.doors")} aside={<Badge tone="good">{t("access.on")}</Badge>}>
      <ul className="doors">
        {doors.map(({ site, tls, rules }) => (
          <li key={site} data-door={site}>
            <strong>{site}</strong>
            <code>{tls ?? "–"}</code>
            {rules == null ? null : <Badge tone={TONES[rules] ?? "quiet"}>{value("doorRules", rules)}</Badge>}
          </li>
        ))}
      </ul>
      {isPlain ? <p className="doors-plain quiet">{t("access.plain")}</p> : null}
    </Panel>
  );
}
