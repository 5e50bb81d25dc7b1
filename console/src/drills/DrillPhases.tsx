import type { Drill } from "../api/client";
import { useText } from "../i18n/useText";
import { useNow } from "../ui/useNow";
import { type PhaseStep, phaseStates } from "./phases";

const MARKS = { past: "✓", now: "•", failed: "✕", ahead: "" } as const;

/** A drill's phases as steps; each new phase is read out. */
export function DrillPhases({ drill }: { readonly drill: Drill }) {
  const { t, value } = useText();
  const running = drill.state === "running";
  const now = useNow(running, 100);
  const elapsed_s = Math.max(0, now - Date.parse(drill.started_at)) / 1000;
  return (
    <>
      <DrillSteps steps={phaseStates(drill)} />
      <p
        className="visually-hidden"
        role="status"
        aria-live="polite"
        data-testid="drill-state"
        data-state={drill.state}
      >
        {running ? value("phase", drill.phase) : value("verdict", drill.state)}
      </p>
      {running ? (
        <p className="quiet elapsed" aria-hidden="true">
          {t("drill.elapsed", { seconds: elapsed_s.toFixed(1) })}
        </p>
      ) : null}
    </>
  );
}

/** The steps alone. */
export function DrillSteps({ steps }: { readonly steps: readonly PhaseStep[] }) {
  const { t, value } = useText();
  return (
    <ol className="phases" aria-label={t("drill.phases")}>
      {steps.map(({ phase, state }) => (
        <li
          key={phase}
          className={`phase phase-${state}`}
          aria-current={state === "now" ? "step" : undefined}
        >
          <i aria-hidden="true">{MARKS[state]}</i>
          <span>{value("phase", phase)}</span>
        </li>
      ))}
    </ol>
  );
}
