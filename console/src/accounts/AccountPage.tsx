import { type Account, getAccount } from "../api/client";
import { useQuery } from "../api/useQuery";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { AccountLink, Amount, CopyButton, PageTitle, Time } from "../ui/parts";
import { BelowPanel } from "./BelowPanel";
import { StatementPanel } from "./StatementPanel";

const REFRESH_MS = 3000;

/** One account: its balances, its rules, its statement. */
export function AccountPage({ id, before }: { readonly id: string; readonly before: string | null }) {
  const { t } = useText();
  const query = useQuery(`account/${id}`, (signal) => getAccount(id, signal), REFRESH_MS);
  return (
    <>
      <PageTitle title={t("account.title", { id })} note={<CopyButton text={id} />} />
      <Loaded query={query}>
        {(account) => (
          <>
            <Facts account={account} />
            <Balances account={account} />
            {account.is_control ? (
              <BelowPanel id={id} after={before} />
            ) : (
              <StatementPanel id={id} before={before} />
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const { t, value } = useText();
  const opened = t("account.opened", { time: "" });
  return (
    <p className="account-facts">
      <span>{account.currency}</span>
      <span>
        {t("account.code")} {account.code}
      </span>
      {account.is_control ? (
        <span className="chip" title={t("account.control.note")}>
          {t("account.control")}
        </span>
      ) : null}
      {account.above == null ? null : (
        <span>
          {t("account.above")} <AccountLink id={account.above} />
        </span>
      )}
      {account.flags.map((flag) => (
        <span key={flag} className="chip" title={flag}>
          {value("flag", flag)}
        </span>
      ))}
      <span className="quiet">
        {opened}
        <Time at={account.timestamp} />
      </span>
      {account.user_data_128 === "0" ? null : (
        <UserData name={t("userData.128")} text={account.user_data_128} />
      )}
      {account.user_data_64 === "0" ? null : <UserData name={t("userData.64")} text={account.user_data_64} />}
      {account.user_data_32 === 0 ? null : (
        <UserData name={t("userData.32")} text={String(account.user_data_32)} />
      )}
    </p>
  );
}

function UserData({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <span className="quiet">
      {name} {text}
    </span>
  );
}

function Balances({ account }: { readonly account: Account }) {
  const { t } = useText();
  const cards = [
    { name: t("account.balance"), note: t("account.balance.note"), amount: account.balance, main: true },
    {
      name: t("account.available"),
      note: t("account.available.note"),
      amount: account.available,
      main: true,
    },
    {
      name: t("account.pendingOut"),
      note: t("account.pendingOut.note"),
      amount: account.debits_pending,
      main: false,
    },
    {
      name: t("account.pendingIn"),
      note: t("account.pendingIn.note"),
      amount: account.credits_pending,
      main: false,
    },
    { name: t("account.debitsPosted"), note: "", amount: account.debits_posted, main: false },
    { name: t("account.creditsPosted"), note: "", amount: account.credits_posted, main: false },
  ];
  return (
    <dl className="balances">
      {cards.map(({ name, note, amount, main }) => (
        <div key={name} className={main ? "balance balance-main" : "balance"}>
          <dt>{name}</dt>
          <dd>
            <Amount value={amount} />
            <small>{main ? account.currency : ""}</small>
          </dd>
          {note ? <dd className="balance-note">{note}</dd> : null}
        </div>
      ))}
    </dl>
  );
}
