import { type TrialBalance, type TrialBalanceCurrency, getTrialBalance } from "../api/client";
import { useQuery } from "../api/useQuery";
import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Badge, Empty, Panel, TableFrame, Time } from "../ui/parts";
import { SumCells, SumHeadings } from "./Sums";

/** The trial balance of one moment, to be read or printed. */
export function TrialBalanceView() {
  const { t } = useText();
  const query = useQuery("trial-balance", getTrialBalance);
  return (
    <Panel
      title={t("tab.trial-balance")}
      className="trial"
      aside={
        <PrintButton />
      }
    >
      <Loaded query={query}>{(balance) => <Balance balance={balance} />}</Loaded>
    </Panel>
  );
}

/** Prints the page; it is not printed itself. */
export function PrintButton() {
  const { t } = useText();
  return (
    <button type="button" className="button-small no-print" onClick={() => window.print()}>
      {t("trial.print")}
    </button>
  );
}

/** Whether debits equal credits. */
export function Verdict({ balanced }: { readonly balanced: boolean }) {
  const { t } = useText();
  return balanced ? (
    <Badge tone="good">{t("trial.balanced")}</Badge>
  ) : (
    <Badge tone="bad">{t("trial.unbalanced")}</Badge>
  );
}

function Balance({ balance }: { readonly balance: TrialBalance }) {
  const { t, language } = useText();
  if (balance.currencies.length === 0) return <Empty title={t("trial.empty")} />;
  return (
    <>
      <p className="trial-head" data-testid="trial-verdict">
        <Verdict balanced={balance.balanced} />
        <span>{t("trial.at", { seq: formatCount(balance.seq, language) })}</span>
        <span className="quiet">
          <Time at={balance.timestamp} />
        </span>
      </p>
      <Currencies currencies={balance.currencies} />
    </>
  );
}

/** The lines of a trial balance, a table for each currency. */
export function Currencies({ currencies }: { readonly currencies: readonly TrialBalanceCurrency[] }) {
  const { t } = useText();
  return (
    <>
      {currencies.map(({ currency, balanced, total, codes }) => (
        <section key={currency} aria-label={currency} className="trial-currency">
          <h3>
            {currency} <Verdict balanced={balanced} />
          </h3>
          <TableFrame label={currency}>
            <thead>
              <tr>
                <th scope="col">{t("account.code")}</th>
                <SumHeadings />
              </tr>
            </thead>
            <tbody>
              {codes.map(({ code, sums }) => (
                <tr key={code}>
                  <th scope="row">{code}</th>
                  <SumCells sums={sums} />
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr className="total">
                <th scope="row">{t("ledger.all")}</th>
                <SumCells sums={total} />
              </tr>
            </tfoot>
          </TableFrame>
        </section>
      ))}
    </>
  );
}
