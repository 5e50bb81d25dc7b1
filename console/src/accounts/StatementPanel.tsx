import { type StatementEntry, getStatement } from "../api/client";
import { useQuery } from "../api/useQuery";
import { routePath } from "../app/route";
import { formatEntry } from "../format/money";
import { useText } from "../i18n/useText";
import { PaymentStatus } from "../payments/PaymentStatus";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { AccountLink, Amount, Empty, Panel, PaymentLink, TableFrame, Time } from "../ui/parts";

const ROWS = 50;
const REFRESH_MS = 3000;

/** An account's statement, newest first, page by page. The newest page follows the account. */
export function StatementPanel({ id, before }: { readonly id: string; readonly before: string | null }) {
  const { t } = useText();
  const query = useQuery(
    `statement/${id}/${before ?? ""}`,
    (signal) => getStatement(id, { cursor: before, limit: ROWS, signal }),
    before === null ? REFRESH_MS : null,
  );
  return (
    <Panel title={t("account.statement")}>
      <Loaded query={query}>
        {({ entries, next }) => (
          <>
            {entries.length === 0 ? (
              <Empty title={t("account.statement.empty")} hint={t("account.statement.hint")} />
            ) : (
              <TableFrame label={t("account.statement")}>
                <thead>
                  <tr>
                    <th scope="col">{t("payment.time")}</th>
                    <th scope="col">{t("payment.valueDate")}</th>
                    <th scope="col">{t("payment.id")}</th>
                    <th scope="col">{t("statement.counterparty")}</th>
                    <th scope="col" className="number">
                      {t("payment.code")}
                    </th>
                    <th scope="col">{t("payment.status")}</th>
                    <th scope="col">{t("statement.direction")}</th>
                    <th scope="col" className="number">
                      {t("payment.amount")}
                    </th>
                    <th scope="col" className="number">
                      {t("statement.balance")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <Entry key={`${entry.payment}/${entry.timestamp}`} entry={entry} />
                  ))}
                </tbody>
              </TableFrame>
            )}
            <Paging
              list={`statement/${id}`}
              cursor={before}
              next={next ?? null}
              address={(cursor) => routePath({ page: "account", id, before: cursor })}
              first="page.newest"
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Entry({ entry }: { readonly entry: StatementEntry }) {
  const { value } = useText();
  const moved = entry.status === "posted";
  return (
    <tr className={moved ? "" : "unmoved"}>
      <td className="fine">
        <Time at={entry.timestamp} />
      </td>
      <td>{entry.value_date}</td>
      <th scope="row">
        <PaymentLink id={entry.payment} row />
      </th>
      <td>
        <AccountLink id={entry.counterparty} />
      </td>
      <td className="number">{entry.code}</td>
      <td>
        <PaymentStatus status={entry.status} />
      </td>
      <td>{value("direction", entry.direction)}</td>
      <td className={`number entry-${entry.direction}`}>
        <Amount value={entry.amount} text={formatEntry(entry.amount, entry.direction)} />
      </td>
      <td className="number strong">
        <Amount value={entry.balance} />
      </td>
    </tr>
  );
}
