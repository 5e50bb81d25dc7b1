import { useEffect } from "react";
import { getAccount, getPayment } from "../api/client";
import { failureOf } from "../api/problem";
import { useQuery } from "../api/useQuery";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { AccountLink, Empty, PageTitle, PaymentLink, REPLAY_COMMAND } from "../ui/parts";
import { navigate } from "./navigation";
import { routePath } from "./route";

interface Found {
  readonly account: boolean;
  readonly payment: boolean;
}

/** Whether a thing exists: "not found" and "not an id" are answers, everything else is a failure. */
async function exists(look: Promise<unknown>): Promise<boolean> {
  try {
    await look;
    return true;
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.kind === "problem" && (failure.problem.status === 404 || failure.problem.status === 400))
      return false;
    throw thrown;
  }
}

async function find(id: string, signal: AbortSignal): Promise<Found> {
  const [account, payment] = await Promise.all([
    exists(getAccount(id, signal)),
    exists(getPayment(id, signal)),
  ]);
  return { account, payment };
}

/** Goes to the account or the payment with an id. When one id names both, it asks which. */
export function FindPage({ id }: { readonly id: string }) {
  const { t } = useText();
  const query = useQuery(`find/${id}`, (signal) => find(id, signal));
  const found = query.data;
  useEffect(() => {
    if (!found || found.account === found.payment) return;
    navigate(
      routePath(found.account ? { page: "account", id, before: null } : { page: "payment", id }),
      true,
    );
  }, [found, id]);
  return (
    <>
      <PageTitle title={t("search.title", { id })} />
      <Loaded query={query}>
        {({ account, payment }) => {
          if (!account && !payment) {
            return (
              <Empty title={t("search.none", { id })} hint={t("search.none.hint")} command={REPLAY_COMMAND} />
            );
          }
          if (account !== payment) return <p role="status">{t("search.working")}</p>;
          return (
            <ul className="choices">
              <li>
                {t("account.id")} <AccountLink id={id} />
              </li>
              <li>
                {t("payment.id")} <PaymentLink id={id} />
              </li>
            </ul>
          );
        }}
      </Loaded>
    </>
  );
}
