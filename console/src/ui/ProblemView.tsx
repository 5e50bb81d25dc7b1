import { type Failure, problemHeading } from "../api/problem";
import { useText } from "../i18n/useText";
import { Command, CopyButton } from "./parts";

/** A failed request: what happened, the code to quote, and what to do. */
export function ProblemView({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry?: () => void;
}) {
  const { t } = useText();
  const retry = onRetry ? (
    <button type="button" onClick={onRetry}>
      {t("problem.retry")}
    </button>
  ) : null;
  if (failure.kind === "offline") {
    return (
      <div className="problem" role="alert">
        <p className="problem-title">{t("problem.offline")}</p>
        <p>{t("problem.offline.hint")}</p>
        <Command text="tongbao up" />
        {retry}
      </div>
    );
  }
  const { problem } = failure;
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{t(problemHeading(problem.status))}</p>
      {problem.detail ? <p>{problem.detail}</p> : null}
      <dl className="facts facts-inline">
        {problem.hint ? (
          <div>
            <dt>{t("problem.hint")}</dt>
            <dd>{problem.hint}</dd>
          </div>
        ) : null}
        <div>
          <dt>{t("problem.code")}</dt>
          <dd className="code-line">
            <code>{problem.code}</code>
            {problem.title ? <span className="quiet">{problem.title}</span> : null}
            <CopyButton text={problem.code} />
          </dd>
        </div>
      </dl>
      {problem.retryable ? <p className="quiet">{t("problem.retryable")}</p> : null}
      {problem.status === 404 ? null : retry}
    </div>
  );
}
