import { Fragment } from "react";
import { AccountsTable } from "../accounts/AccountsPage";
import { type TrialBalance, getTrialBalance, searchAccounts } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { Empty, Panel, REPLAY_COMMAND, TableFrame } from "../ui/parts";
import { Filter } from "./Filter";
import { SumCells, SumHeadings } from "./Sums";
import { type Field, pageAddress, searchAddress, searchName, searchOf } from "./filter";

const ROWS = "50";

const FIELDS: readonly Field[] = [
  { name: "currency", kind: "text" },
  { name: "code", kind: "text" },
  { name: "user_data_64", kind: "text" },
  { name: "user_data_128", kind: "text" },
  { name: "user_data_32", kind: "text" },
  { name: "from", kind: "time" },
  { name: "to", kind: "time" },
];

/** Accounts by currency and code with their sums; a kind leads to its accounts. */
export function KindsView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const kinds = useQuery("kinds", getTrialBalance);
  return (
    <>
      <Panel title={t("ledger.kinds")}>
        <Loaded query={kinds}>{(balance) => <Kinds balance={balance} query={asked} />}</Loaded>
      </Panel>
      <Panel title={t("ledger.found")}>
        <Filter view="accounts" query={asked} fields={FIELDS} />
        <Found query={asked} />
      </Panel>
    </>
  );
}

function Kinds({ balance, query }: { readonly balance: TrialBalance; readonly query: string }) {
  const { t } = useText();
  const asked = new URLSearchParams(query);
  if (balance.currencies.length === 0) {
    return <Empty title={t("accounts.empty")} hint={t("payments.empty.hint")} command={REPLAY_COMMAND} />;
  }
  return (
    <TableFrame label={t("ledger.kinds")}>
      <thead>
        <tr>
          <th scope="col">{t("account.currency")}</th>
          <th scope="col">{t("account.code")}</th>
          <SumHeadings />
        </tr>
      </thead>
      <tbody>
        {balance.currencies.map(({ currency, total, codes }) => (
          <Fragment key={currency}>
            <tr className="total">
              <th scope="row" colSpan={2}>
                <Link data-row="" to={searchAddress("accounts", [["currency", currency]])}>
                  {currency}
                </Link>
              </th>
              <SumCells sums={total} />
            </tr>
            {codes.map(({ code, sums }) => {
              const chosen = asked.get("currency") === currency && asked.get("code") === String(code);
              return (
                <tr key={code} className={chosen ? "chosen" : ""}>
                  <td className="quiet">{currency}</td>
                  <th scope="row">
                    <Link
                      data-row=""
                      aria-current={chosen ? "true" : undefined}
                      aria-label={t("ledger.kind", { currency, code })}
                      to={searchAddress("accounts", [
                        ["currency", currency],
                        ["code", String(code)],
                      ])}
                    >
                      {code}
                    </Link>
                  </th>
                  <SumCells sums={sums} />
                </tr>
              );
            })}
          </Fragment>
        ))}
      </tbody>
    </TableFrame>
  );
}

function Found({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const search = searchOf(asked, FIELDS);
  const query = useQuery(`kinds?${asked}`, (signal) => searchAccounts({ ...search, limit: ROWS }, signal));
  return (
    <Loaded query={query}>
      {({ accounts, next }) => (
        <>
          {accounts.length > 0 ? (
            <AccountsTable accounts={accounts} />
          ) : (
            <Empty
              title={t("filter.none")}
              hint={next == null ? t("filter.none.hint") : t("filter.none.more")}
            />
          )}
          <Paging
            list={searchName("accounts", asked)}
            cursor={search["after"] ?? null}
            next={next ?? null}
            address={(cursor) => pageAddress("accounts", asked, cursor)}
            first="page.first"
          />
        </>
      )}
    </Loaded>
  );
}
