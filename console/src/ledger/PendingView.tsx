import { type Hold, listPending } from "../api/client";
import { useQuery } from "../api/useQuery";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { AccountLink, Amount, Empty, Panel, PaymentLink, TableFrame, Time } from "../ui/parts";
import { useNow } from "../ui/useNow";
import { Filter } from "./Filter";
import { type Field, pageAddress, searchName, searchOf, timeLeft } from "./filter";

const ROWS = "50";
const REFRESH_MS = 5000;

const FIELDS: readonly Field[] = [
  { name: "account", kind: "text" },
  { name: "expires_before", kind: "time" },
];

/** Open holds and the time they have left. */
export function PendingView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const search = searchOf(asked, FIELDS);
  const query = useQuery(
    `pending?${asked}`,
    (signal) => listPending({ ...search, limit: ROWS }, signal),
    REFRESH_MS,
  );
  return (
    <Panel title={t("tab.pending")}>
      <Filter view="pending" query={asked} fields={FIELDS} />
      <Loaded query={query}>
        {({ pending, next }) => (
          <>
            {pending.length > 0 ? (
              <Holds holds={pending} />
            ) : (
              <Empty
                title={t("hold.none")}
                hint={next == null ? t("hold.none.hint") : t("filter.none.more")}
              />
            )}
            <Paging
              list={searchName("pending", asked)}
              cursor={search["after"] ?? null}
              next={next ?? null}
              address={(cursor) => pageAddress("pending", asked, cursor)}
              first="page.first"
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Holds({ holds }: { readonly holds: readonly Hold[] }) {
  const { t } = useText();
  const now = new Date(useNow(true)).toISOString();
  const day = t("hold.day");
  return (
    <TableFrame label={t("tab.pending")}>
      <thead>
        <tr>
          <th scope="col">{t("payment.time")}</th>
          <th scope="col">{t("payment.id")}</th>
          <th scope="col">{t("payment.from")}</th>
          <th scope="col">{t("payment.to")}</th>
          <th scope="col" className="number">
            {t("payment.code")}
          </th>
          <th scope="col" className="number">
            {t("payment.amount")}
          </th>
          <th scope="col">{t("payment.currency")}</th>
          <th scope="col">{t("hold.expires")}</th>
          <th scope="col" className="number">
            {t("hold.left")}
          </th>
        </tr>
      </thead>
      <tbody>
        {holds.map((hold) => (
          <tr key={hold.id}>
            <td className="fine">
              <Time at={hold.timestamp} />
            </td>
            <th scope="row">
              <PaymentLink id={hold.id} row />
            </th>
            <td>
              <AccountLink id={hold.debit_account} />
            </td>
            <td>
              <AccountLink id={hold.credit_account} />
            </td>
            <td className="number">{hold.code}</td>
            <td className="number">
              <Amount value={hold.amount} />
            </td>
            <td>{hold.currency}</td>
            <td className="fine">
              {hold.expires_at == null ? t("hold.never") : <Time at={hold.expires_at} />}
            </td>
            <td className="number strong">
              {hold.expires_at == null ? "–" : left(now, hold.expires_at, day, t("hold.over"))}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

/** The ledger takes a hold back with its next request after the due time. */
function left(now: string, end: string, day: string, over: string): string {
  return Date.parse(end) <= Date.parse(now) ? over : timeLeft(now, end, day);
}
