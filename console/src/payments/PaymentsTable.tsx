import type { Payment } from "../api/client";
import { useText } from "../i18n/useText";
import { AccountLink, Amount, Empty, PaymentLink, REPLAY_COMMAND, TableFrame, Time } from "../ui/parts";
import { PaymentStatus } from "./PaymentStatus";

/** Payments in rows, or what to do when there are none. */
export function PaymentsTable({
  payments,
  label,
}: {
  readonly payments: readonly Payment[];
  readonly label: string;
}) {
  const { t } = useText();
  if (payments.length === 0) {
    return <Empty title={t("payments.empty")} hint={t("payments.empty.hint")} command={REPLAY_COMMAND} />;
  }
  return (
    <TableFrame label={label}>
      <thead>
        <tr>
          <th scope="col">{t("payment.time")}</th>
          <th scope="col">{t("payment.id")}</th>
          <th scope="col">{t("payment.from")}</th>
          <th scope="col">{t("payment.to")}</th>
          <th scope="col" className="number">
            {t("payment.amount")}
          </th>
          <th scope="col">{t("payment.currency")}</th>
          <th scope="col">{t("payment.status")}</th>
        </tr>
      </thead>
      <tbody>
        {payments.map((payment) => (
          <tr key={payment.id}>
            <td className="fine">
              <Time at={payment.timestamp} />
            </td>
            <th scope="row">
              <PaymentLink id={payment.id} row />
            </th>
            <td>
              <AccountLink id={payment.debit_account} />
            </td>
            <td>
              <AccountLink id={payment.credit_account} />
            </td>
            <td className="number">
              <Amount value={payment.amount} />
            </td>
            <td>{payment.currency}</td>
            <td>
              <PaymentStatus status={payment.status} />
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
