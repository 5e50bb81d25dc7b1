import { type Account, listAccounts } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { routePath } from "../app/route";
import { useText } from "../i18n/useText";
import { IdSearch } from "../ui/IdSearch";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { Amount, Empty, PageTitle, Panel, REPLAY_COMMAND, TableFrame } from "../ui/parts";

const ROWS = 50;

/** All accounts by id, with their balances. */
export function AccountsPage({ after }: { readonly after: string | null }) {
  const { t } = useText();
  const query = useQuery(`accounts/${after ?? ""}`, (signal) =>
    listAccounts({ cursor: after, limit: ROWS, signal }),
  );
  return (
    <>
      <PageTitle
        title={t("accounts.title")}
        note={
          <IdSearch
            label={t("search.account")}
            address={(id) => routePath({ page: "account", id, before: null })}
          />
        }
      />
      <Panel title={after === null ? t("accounts.list") : t("accounts.from", { id: after })}>
        <Loaded query={query}>
          {({ accounts, next }) => (
            <>
              {accounts.length === 0 ? (
                <NoAccounts first={after === null} />
              ) : (
                <AccountsTable accounts={accounts} />
              )}
              <Paging
                list="accounts"
                cursor={after}
                next={next ?? null}
                address={(cursor) => routePath({ page: "accounts", after: cursor })}
                first="page.first"
              />
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}

function NoAccounts({ first }: { readonly first: boolean }) {
  const { t } = useText();
  if (!first) return <Empty title={t("accounts.end")} />;
  return <Empty title={t("accounts.empty")} hint={t("payments.empty.hint")} command={REPLAY_COMMAND} />;
}

/** Accounts in rows with their sums. */
export function AccountsTable({ accounts }: { readonly accounts: readonly Account[] }) {
  const { t, value } = useText();
  return (
    <TableFrame label={t("accounts.title")}>
      <thead>
        <tr>
          <th scope="col">{t("account.id")}</th>
          <th scope="col">{t("account.currency")}</th>
          <th scope="col" className="number">
            {t("account.code")}
          </th>
          <th scope="col" className="number">
            {t("account.debitsPosted")}
          </th>
          <th scope="col" className="number">
            {t("account.creditsPosted")}
          </th>
          <th scope="col" className="number">
            {t("account.pendingOut")}
          </th>
          <th scope="col" className="number">
            {t("account.balance")}
          </th>
          <th scope="col" className="number">
            {t("account.available")}
          </th>
          <th scope="col">{t("account.flags")}</th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <tr key={account.id}>
            <th scope="row">
              <Link
                className="id"
                data-row=""
                to={routePath({ page: "account", id: account.id, before: null })}
              >
                {account.id}
              </Link>
            </th>
            <td>{account.currency}</td>
            <td className="number">{account.code}</td>
            <td className="number">
              <Amount value={account.debits_posted} />
            </td>
            <td className="number">
              <Amount value={account.credits_posted} />
            </td>
            <td className="number">
              <Amount value={account.debits_pending} />
            </td>
            <td className="number strong">
              <Amount value={account.balance} />
            </td>
            <td className="number">
              <Amount value={account.available} />
            </td>
            <td>{account.flags.map((flag) => value("flag", flag)).join(", ") || "–"}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
