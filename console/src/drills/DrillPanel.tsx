import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Platform, startDrill } from "../api/client";
import { type Failure, failureOf } from "../api/problem";
import { useText } from "../i18n/useText";
import { ProblemView } from "../ui/ProblemView";
import { Panel } from "../ui/parts";
import { DrillPhases, DrillSteps } from "./DrillPhases";
import { DrillResult } from "./DrillResult";
import { PHASES } from "./phases";
import { useNewestDrill } from "./useNewestDrill";

const LEADER = "leader";

/** Kills a site on purpose and shows what became of the money. */
export function DrillPanel({ platform }: { readonly platform: Platform | null }) {
  const { t } = useText();
  const { drill, failure, refresh } = useNewestDrill();
  const [refused, setRefused] = useState<Failure>();
  const [starting, setStarting] = useState(false);
  const start = async (site: string) => {
    setStarting(true);
    setRefused(undefined);
    try {
      await startDrill(site);
    } catch (thrown) {
      setRefused(failureOf(thrown));
    }
    setStarting(false);
    refresh();
  };
  const running = drill?.state === "running";
  return (
    <Panel title={t("drill.panel")} className="panel-drill">
      <p className="quiet">{t("drill.explain")}</p>
      {running ? null : <Chooser platform={platform} busy={starting} onStart={(site) => void start(site)} />}
      {refused ? <ProblemView failure={refused} /> : null}
      {failure && !drill ? <ProblemView failure={failure} onRetry={refresh} /> : null}
      {drill ? (
        <div className="drill-run">
          <h3>{running ? t("drill.running", { site: drill.site }) : t("drill.last")}</h3>
          <DrillPhases drill={drill} />
          {running ? null : <DrillResult drill={drill} />}
        </div>
      ) : null}
      {drill === null ? (
        <div className="drill-run drill-none">
          <DrillSteps steps={PHASES.map((phase) => ({ phase, state: "ahead" }))} />
          <p className="quiet">{t("drills.empty")}</p>
        </div>
      ) : null}
    </Panel>
  );
}

interface ChooserProps {
  readonly platform: Platform | null;
  readonly busy: boolean;
  readonly onStart: (site: string) => void;
}

/** Picks a site, then asks once more: the button and the deed are never one click apart. */
function Chooser({ platform, busy, onStart }: ChooserProps) {
  const { t } = useText();
  const [site, setSite] = useState(LEADER);
  const [asking, setAsking] = useState(false);
  const select = useId();
  const leader = platform?.leader ?? null;
  const leaderName = leader === null ? t("drill.leader.none") : t("drill.leader", { site: leader });
  const ask = (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
  };
  if (asking) {
    const confirmed = () => {
      setAsking(false);
      onStart(site);
    };
    const name = site === LEADER ? leaderName : site;
    return <Confirm name={name} onYes={confirmed} onNo={() => setAsking(false)} />;
  }
  return (
    <form className="drill-form" onSubmit={ask}>
      <label htmlFor={select}>{t("drill.choose")}</label>
      <select id={select} value={site} onChange={(event) => setSite(event.target.value)}>
        <option value={LEADER}>{leaderName}</option>
        {platform?.sites.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit" className="danger" disabled={busy || platform === null} data-testid="kill-site">
        {t("drill.start")}
      </button>
    </form>
  );
}

function Confirm(props: { readonly name: string; readonly onYes: () => void; readonly onNo: () => void }) {
  const { t } = useText();
  const title = useId();
  const cancel = useRef<HTMLButtonElement>(null);
  // The safe choice has the focus: Enter pressed twice must not kill a data centre.
  useEffect(() => cancel.current?.focus(), []);
  const { onNo } = props;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && onNo();
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [onNo]);
  return (
    <div className="confirm" role="alertdialog" aria-labelledby={title} aria-describedby={`${title}-why`}>
      <p id={title} className="confirm-title">
        {t("drill.confirm", { site: props.name })}
      </p>
      <p id={`${title}-why`}>{t("drill.confirm.explain")}</p>
      <div className="confirm-buttons">
        <button type="button" className="danger" onClick={props.onYes} data-testid="kill-confirm">
          {t("drill.confirm.yes")}
        </button>
        <button type="button" ref={cancel} onClick={onNo}>
          {t("drill.confirm.no")}
        </button>
      </div>
    </div>
  );
}
