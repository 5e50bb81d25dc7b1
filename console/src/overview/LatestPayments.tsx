import { listPayments } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { useText } from "../i18n/useText";
import { PaymentsTable } from "../payments/PaymentsTable";
import { Loaded } from "../ui/Loaded";
import { Panel } from "../ui/parts";

const ROWS = 10;

export function LatestPayments() {
  const { t } = useText();
  const query = useQuery(
    "payments/latest",
    (signal) => listPayments({ cursor: null, limit: ROWS, signal }),
    2000,
  );
  return (
    <Panel title={t("payments.latest")} aside={<Link to="/payments">{t("data.all")}</Link>}>
      <Loaded query={query}>
        {({ payments }) => <PaymentsTable payments={payments} label={t("payments.latest")} />}
      </Loaded>
    </Panel>
  );
}
