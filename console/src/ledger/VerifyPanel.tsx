import { useState } from "react";
import { type JournalVerification, getVerification, verifyJournal } from "../api/client";
import { type Failure, failureOf } from "../api/problem";
import { useQuery } from "../api/useQuery";
import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";
import type { Tone } from "../live/health";
import { Loaded } from "../ui/Loaded";
import { ProblemView } from "../ui/ProblemView";
import { Badge, Panel } from "../ui/parts";

const ASK_MS = 500;

const TONES: Readonly<Record<JournalVerification["state"], Tone>> = {
  none: "quiet",
  running: "warn",
  sound: "good",
  failed: "bad",
};

/** A button that checks the whole journal, its progress and its verdict. */
export function VerifyPanel() {
  const { t } = useText();
  const [failure, setFailure] = useState<Failure>();
  const query = useQuery("verification", getVerification, ASK_MS);
  const start = async () => {
    try {
      await verifyJournal();
      setFailure(undefined);
      query.refresh();
    } catch (thrown) {
      setFailure(failureOf(thrown));
    }
  };
  return (
    <Panel
      title={t("verify.title")}
      aside={
        <button
          type="button"
          className="primary"
          data-testid="verify"
          disabled={query.data?.state === "running"}
          onClick={() => void start()}
        >
          {t("verify.start")}
        </button>
      }
    >
      <p className="quiet">{t("verify.explain")}</p>
      {failure ? <ProblemView failure={failure} /> : null}
      <Loaded query={query}>{(verification) => <Verdict verification={verification} />}</Loaded>
    </Panel>
  );
}

function Verdict({ verification }: { readonly verification: JournalVerification }) {
  const { t, value, language } = useText();
  const { state, records, commands, epochs, last_seq, first_seq, site, head, fault } = verification;
  const count = (number: number) => formatCount(number, language);
  const total = Math.max(last_seq - Math.max(first_seq, 1) + 1, records);
  return (
    <div className="verdict" role="status" data-testid="verification" data-state={state}>
      <Badge tone={TONES[state]}>{value("verification", state)}</Badge>
      {state === "running" ? (
        <>
          <progress max={total} value={records} aria-label={t("verification.running")} />
          <span>{t("verify.progress", { done: count(records), total: count(total) })}</span>
        </>
      ) : null}
      {state === "sound" || state === "failed" ? (
        <span>
          {t("verify.figures", {
            records: count(records),
            commands: count(commands),
            epochs: count(epochs),
            site,
          })}
        </span>
      ) : null}
      {state === "sound" ? (
        <span className="quiet">
          {t("verify.head")} <code className="wrap">{head}</code>
        </span>
      ) : null}
      {fault == null ? null : (
        <ProblemView
          failure={{
            kind: "problem",
            problem: {
              title: "",
              status: 500,
              code: fault.code,
              detail: fault.detail,
              hint: fault.hint,
              retryable: false,
            },
          }}
        />
      )}
    </div>
  );
}
