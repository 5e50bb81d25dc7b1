import type { ReactNode } from "react";
import { type Payment, getPayment } from "../api/client";
import { useQuery } from "../api/useQuery";
import { formatAmount } from "../format/money";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { AccountLink, Amount, CopyButton, PageTitle, Panel, PaymentLink, Time } from "../ui/parts";
import { PaymentStatus } from "./PaymentStatus";

/** One payment: who paid whom, how much, where it stands, and everything the ledger keeps of it. */
export function PaymentPage({ id }: { readonly id: string }) {
  const { t } = useText();
  const query = useQuery(`payment/${id}`, (signal) => getPayment(id, signal));
  return (
    <>
      <PageTitle title={t("payment.title", { id })} note={<CopyButton text={id} />} />
      <Loaded query={query}>
        {(payment) => (
          <>
            <Flow payment={payment} />
            <Details payment={payment} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Flow({ payment }: { readonly payment: Payment }) {
  const { t } = useText();
  return (
    <div className="flow">
      <div className="flow-end">
        <span className="quiet">{t("payment.from")}</span>
        <AccountLink id={payment.debit_account} />
      </div>
      <div className="flow-middle">
        <strong>
          <Amount value={payment.amount} text={`${formatAmount(payment.amount)} ${payment.currency}`} />
        </strong>
        <svg viewBox="0 0 120 12" aria-hidden="true">
          <path d="M2 6h112M108 1l7 5-7 5" />
        </svg>
        <PaymentStatus status={payment.status} />
      </div>
      <div className="flow-end">
        <span className="quiet">{t("payment.to")}</span>
        <AccountLink id={payment.credit_account} />
      </div>
    </div>
  );
}

function Details({ payment }: { readonly payment: Payment }) {
  const { t, value } = useText();
  const flags = payment.flags.map((flag) => value("flag", flag)).join(", ");
  const rows: readonly (readonly [string, ReactNode])[] = [
    [t("payment.time"), <Time key="time" at={payment.timestamp} />],
    [t("payment.bookingDate"), payment.booking_date],
    [t("payment.valueDate"), payment.value_date],
    ...(payment.purpose == null ? [] : [[t("payment.purpose"), payment.purpose] as const]),
    ...(payment.reverses == null
      ? []
      : [[t("payment.reverses"), <PaymentLink key="reverses" id={payment.reverses} />] as const]),
    ...(payment.reversed_by == null
      ? []
      : [[t("payment.reversedBy"), <PaymentLink key="reversed" id={payment.reversed_by} />] as const]),
    [t("payment.code"), payment.code],
    [t("payment.flags"), flags || t("flag.none")],
    ...(payment.pending_id == null || payment.pending_id === "0"
      ? []
      : [[t("payment.pendingId"), <PaymentLink key="pending" id={payment.pending_id} />] as const]),
    ...(payment.timeout > 0
      ? [[t("payment.timeout"), t("payment.timeout.seconds", { seconds: payment.timeout })] as const]
      : []),
    [t("userData.128"), payment.user_data_128],
    [t("userData.64"), payment.user_data_64],
    [t("userData.32"), payment.user_data_32],
  ];
  return (
    <Panel title={t("payment.details")}>
      <dl className="facts">
        {rows.map(([name, content]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{content}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
