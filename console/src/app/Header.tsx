import { useText } from "../i18n/useText";
import { useLive } from "../live/stream";
import { IdSearch } from "../ui/IdSearch";
import { Badge } from "../ui/parts";
import { Link } from "./navigation";
import { type Route, type Section, routePath, sectionOf } from "./route";
import { changeSettings, switchTheme, useSettings } from "./settings";

const SECTIONS: readonly Section[] = ["overview", "accounts", "payments", "ledger", "access", "drills"];

const SECTION_PATHS: Readonly<Record<Section, string>> = {
  overview: "/",
  accounts: "/accounts",
  payments: "/payments",
  ledger: "/ledger/accounts",
  access: "/access",
  drills: "/drills",
};

/** The header: where one is, the search, whether the figures are live, and the settings. */
export function Header({ route, onHelp }: { readonly route: Route; readonly onHelp: () => void }) {
  const { t } = useText();
  const section = sectionOf(route);
  const names = {
    overview: t("nav.overview"),
    accounts: t("nav.accounts"),
    payments: t("nav.payments"),
    ledger: t("nav.ledger"),
    access: t("nav.access"),
    drills: t("nav.drills"),
  };
  return (
    <header className="header">
      <Link className="brand" to="/">
        <Coin />
        <span>{t("app.name")}</span>
        <small>{t("app.console")}</small>
      </Link>
      <nav className="nav" aria-label={t("nav.label")}>
        {SECTIONS.map((name) => (
          <Link key={name} to={SECTION_PATHS[name]} aria-current={name === section ? "page" : undefined}>
            {names[name]}
          </Link>
        ))}
      </nav>
      <IdSearch compact label={t("search.placeholder")} address={(id) => routePath({ page: "find", id })} />
      <StreamBadge />
      <LanguageSwitch />
      <ThemeSwitch />
      <button
        type="button"
        className="icon"
        onClick={onHelp}
        title={t("keys.title")}
        aria-label={t("keys.title")}
      >
        ?
      </button>
    </header>
  );
}

/** A cash coin: round like heaven, square within like earth. The platform's mark. */
function Coin() {
  return (
    <svg className="coin" viewBox="0 0 32 32" aria-hidden="true">
      <path fillRule="evenodd" d="M16 1a15 15 0 1 1 0 30 15 15 0 0 1 0-30Zm-5 10v10h10V11H11Z" />
      <circle cx="16" cy="16" r="12.4" />
    </svg>
  );
}

function StreamBadge() {
  const { t } = useText();
  const { connection } = useLive();
  return (
    <span className="stream" role="status">
      {connection === "open" ? <Badge tone="good">{t("live.open")}</Badge> : null}
      {connection === "connecting" ? <Badge tone="quiet">{t("live.connecting")}</Badge> : null}
      {connection === "lost" ? <Badge tone="bad">{t("live.lost")}</Badge> : null}
    </span>
  );
}

function LanguageSwitch() {
  const { t, language } = useText();
  return (
    <div className="switch" role="group" aria-label={t("setting.language")}>
      <button
        type="button"
        lang="zh-CN"
        aria-pressed={language === "zh"}
        onClick={() => changeSettings({ language: "zh" })}
      >
        {"\u4e2d\u6587"}
      </button>
      <button
        type="button"
        lang="en"
        aria-pressed={language === "en"}
        onClick={() => changeSettings({ language: "en" })}
      >
        EN
      </button>
    </div>
  );
}

const THEME_PATHS = {
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  dark: "M20 14A8.5 8.5 0 0 1 10 4a8.5 8.5 0 1 0 10 10Z",
} as const;

function ThemeSwitch() {
  const { t } = useText();
  const { theme } = useSettings();
  const names = { system: t("theme.system"), light: t("theme.light"), dark: t("theme.dark") };
  const label = t("setting.theme", { theme: names[theme] });
  return (
    <button type="button" className="icon" onClick={switchTheme} title={label} aria-label={label}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={THEME_PATHS[theme]} />
      </svg>
    </button>
  );
}
