import { useCallback, useState } from "react";
import { AccessPage } from "../access/AccessPage";
import { AccountPage } from "../accounts/AccountPage";
import { AccountsPage } from "../accounts/AccountsPage";
import { DrillPage } from "../drills/DrillPage";
import { DrillsPage } from "../drills/DrillsPage";
import { useText } from "../i18n/useText";
import { LedgerPage } from "../ledger/LedgerPage";
import { OverviewPage } from "../overview/OverviewPage";
import { PaymentPage } from "../payments/PaymentPage";
import { PaymentsPage } from "../payments/PaymentsPage";
import { Empty, PageTitle } from "../ui/parts";
import { CrashGuard } from "./Crash";
import { FindPage } from "./FindPage";
import { Header } from "./Header";
import { Help } from "./Help";
import { useRoute } from "./navigation";
import type { Route } from "./route";
import { useShortcuts } from "./shortcuts";

export function App() {
  const { t } = useText();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const openHelp = useCallback(() => setHelp(true), []);
  useShortcuts(openHelp);
  // A page of another thing is another page: its state and its fault, if any, end with it.
  const part = "id" in route ? route.id : "view" in route ? route.view : null;
  const identity = part === null ? route.page : `${route.page}/${part}`;
  return (
    <>
      <a className="skip" href="#main">
        {t("app.skip")}
      </a>
      <Header route={route} onHelp={openHelp} />
      <main id="main" tabIndex={-1} className={`page page-${route.page}`}>
        <CrashGuard key={identity}>
          <Page route={route} />
        </CrashGuard>
      </main>
      <Help open={help} onClose={() => setHelp(false)} />
    </>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case "overview":
      return <OverviewPage />;
    case "accounts":
      return <AccountsPage after={route.after} />;
    case "account":
      return <AccountPage id={route.id} before={route.before} />;
    case "payments":
      return <PaymentsPage before={route.before} />;
    case "payment":
      return <PaymentPage id={route.id} />;
    case "ledger":
      return <LedgerPage view={route.view} query={route.query} />;
    case "access":
      return <AccessPage find={route.find} />;
    case "drills":
      return <DrillsPage />;
    case "drill":
      return <DrillPage id={route.id} />;
    case "find":
      return <FindPage id={route.id} />;
    case "unknown":
      return <UnknownPage />;
  }
}

function UnknownPage() {
  const { t } = useText();
  return (
    <>
      <PageTitle title={t("app.notFound")} />
      <Empty title={t("app.notFound.hint")} />
    </>
  );
}
