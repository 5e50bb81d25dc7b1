import { formatTime } from "../format/text";
import { type Text, useText } from "../i18n/useText";
import type { LiveEvent } from "../live/reducer";

/** How many changes the page shows; the newest are what one looks for. */
const SHOWN = 6;

function eventText({ kind, site, epoch }: LiveEvent, { t }: Text): string {
  switch (kind) {
    case "down":
      return t("event.down", { site });
    case "starting":
      return t("event.starting", { site });
    case "up":
      return t("event.up", { site });
    case "leader":
      return t("event.leader", { site, epoch });
    case "leaderless":
      return t("event.leaderless");
    case "lost":
      return t("event.lost");
    case "resumed":
      return t("event.resumed");
  }
}

/** What changed while this page was open, newest first; new lines are read out. */
export function EventLog({ events }: { readonly events: readonly LiveEvent[] }) {
  const text = useText();
  return (
    <div className="events">
      <h3>{text.t("event.title")}</h3>
      <ol role="log" aria-label={text.t("event.title")}>
        {events.slice(0, SHOWN).map((event) => (
          <li key={event.n}>
            <time dateTime={event.at}>{formatTime(event.at)}</time>
            {eventText(event, text)}
          </li>
        ))}
      </ol>
      {events.length === 0 ? <p className="quiet">{text.t("event.none")}</p> : null}
    </div>
  );
}
