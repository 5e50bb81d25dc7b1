import { useState } from "react";
import { listPayments } from "../api/client";
import { useQuery } from "../api/useQuery";
import { routePath } from "../app/route";
import { useText } from "../i18n/useText";
import { IdSearch } from "../ui/IdSearch";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { PageTitle, Panel } from "../ui/parts";
import { PaymentsTable } from "./PaymentsTable";

const ROWS = 50;
const REFRESH_MS = 2000;

/** All payments, newest first. The first page follows the bank; older pages stand still. */
export function PaymentsPage({ before }: { readonly before: string | null }) {
  const { t } = useText();
  const [paused, setPaused] = useState(false);
  const follows = before === null && !paused;
  const query = useQuery(
    `payments/${before ?? ""}`,
    (signal) => listPayments({ cursor: before, limit: ROWS, signal }),
    follows ? REFRESH_MS : null,
  );
  return (
    <>
      <PageTitle
        title={t("payments.title")}
        note={<IdSearch label={t("search.payment")} address={(id) => routePath({ page: "payment", id })} />}
      />
      <Panel
        title={before === null ? t("payments.latest") : t("payments.all")}
        aside={
          before === null ? (
            <button
              type="button"
              className="button-small"
              aria-pressed={paused}
              onClick={() => setPaused(!paused)}
            >
              {paused ? t("payments.resume") : t("payments.pause")}
            </button>
          ) : null
        }
      >
        <Loaded query={query}>
          {({ payments, next }) => (
            <>
              <PaymentsTable payments={payments} label={t("payments.title")} />
              <Paging
                list="payments"
                cursor={before}
                next={next ?? null}
                address={(cursor) => routePath({ page: "payments", before: cursor })}
                first="page.newest"
              />
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}
