import { Link } from "../app/navigation";
import { LEDGER_VIEWS, type LedgerView, routePath } from "../app/route";
import { useText } from "../i18n/useText";
import { PageTitle } from "../ui/parts";
import { DaysView } from "./DaysView";
import { InterestView } from "./InterestView";
import { JournalView } from "./JournalView";
import { KindsView } from "./KindsView";
import { PendingView } from "./PendingView";
import { TransfersView } from "./TransfersView";
import { TreeView } from "./TreeView";
import { TrialBalanceView } from "./TrialBalanceView";

/** The ledger from inside: accounts by kind, searches, holds, the trial balance, the journal. */
export function LedgerPage({ view, query }: { readonly view: LedgerView; readonly query: string }) {
  const { t, value } = useText();
  return (
    <>
      <PageTitle
        title={t("ledger.title")}
        note={
          <nav className="tabs" aria-label={t("ledger.tabs")}>
            {LEDGER_VIEWS.map((name) => (
              <Link
                key={name}
                to={routePath({ page: "ledger", view: name, query: "" })}
                aria-current={name === view ? "page" : undefined}
              >
                {value("tab", name)}
              </Link>
            ))}
          </nav>
        }
      />
      <View view={view} query={query} />
    </>
  );
}

function View({ view, query }: { readonly view: LedgerView; readonly query: string }) {
  switch (view) {
    case "accounts":
      return <KindsView query={query} />;
    case "tree":
      return <TreeView />;
    case "transfers":
      return <TransfersView query={query} />;
    case "pending":
      return <PendingView query={query} />;
    case "trial-balance":
      return <TrialBalanceView />;
    case "days":
      return <DaysView query={query} />;
    case "interest":
      return <InterestView query={query} />;
    case "journal":
      return <JournalView query={query} />;
  }
}
