import type { TrialBalanceSums } from "../api/client";
import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";
import { Amount } from "../ui/parts";

/** The headings of `SumCells`. */
export function SumHeadings() {
  const { t } = useText();
  const names = [
    t("ledger.count"),
    t("account.debitsPosted"),
    t("account.creditsPosted"),
    t("trial.debitsPending"),
    t("trial.creditsPending"),
    t("account.balance"),
  ];
  return names.map((name) => (
    <th key={name} scope="col" className="number">
      {name}
    </th>
  ));
}

/** The sums of some accounts in the cells of a row. */
export function SumCells({ sums }: { readonly sums: TrialBalanceSums }) {
  const { language } = useText();
  return (
    <>
      <td className="number">{formatCount(sums.accounts, language)}</td>
      <td className="number">
        <Amount value={sums.debits_posted} />
      </td>
      <td className="number">
        <Amount value={sums.credits_posted} />
      </td>
      <td className="number">
        <Amount value={sums.debits_pending} />
      </td>
      <td className="number">
        <Amount value={sums.credits_pending} />
      </td>
      <td className="number strong">
        <Amount value={sums.balance} />
      </td>
    </>
  );
}
