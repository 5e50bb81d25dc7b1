import { type AccountInterest, type InterestProduct, listInterestAccounts, listInterestProducts } from "../api/client";
import { useQuery } from "../api/useQuery";
import { formatPercent } from "../format/money";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { AccountLink, Amount, Empty, Panel, TableFrame } from "../ui/parts";
import { pageAddress } from "./filter";

const ROWS = 50;

/** Interest products with their rates, and the accounts that bear interest. */
export function InterestView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const after = new URLSearchParams(asked).get("after");
  const products = useQuery("interest-products", listInterestProducts);
  const accounts = useQuery(`interest-accounts/${after ?? ""}`, (signal) =>
    listInterestAccounts({ cursor: after, limit: ROWS, signal }),
  );
  return (
    <>
      <Panel title={t("interest.products")}>
        <Loaded query={products}>{(page) => <Products products={page.products} />}</Loaded>
      </Panel>
      <Panel title={t("interest.accounts")}>
        <Loaded query={accounts}>
          {(page) => (
            <>
              <Accounts accounts={page.accounts} />
              <Paging
                list="interest"
                cursor={after}
                next={page.next ?? null}
                address={(cursor) => pageAddress("interest", asked, cursor)}
                first="page.first"
              />
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}

function Products({ products }: { readonly products: readonly InterestProduct[] }) {
  const { t, value } = useText();
  if (products.length === 0) return <Empty title={t("interest.products.none")} />;
  return (
    <TableFrame label={t("interest.products")}>
      <thead>
        <tr>
          <th scope="col">{t("interest.product")}</th>
          <th scope="col">{t("interest.from")}</th>
          <th scope="col" className="number">
            {t("interest.rate")}
          </th>
          <th scope="col">{t("interest.side")}</th>
          <th scope="col">{t("interest.dayCount")}</th>
          <th scope="col">{t("interest.rounding")}</th>
          <th scope="col">{t("interest.contra")}</th>
          <th scope="col">{t("interest.accruedAccount")}</th>
        </tr>
      </thead>
      <tbody>
        {products.flatMap((product) =>
          product.rates.map((rate) => (
            <tr key={`${product.product}/${rate.from}`}>
              <th scope="row">{product.product}</th>
              <td>{rate.from}</td>
              <td className="number">{formatPercent(rate.rate_ppm)}</td>
              <td>{value("direction", product.side)}</td>
              <td>{product.day_count}</td>
              <td>{value("rounding", product.rounding)}</td>
              <td>
                <AccountLink id={product.contra_account} />
              </td>
              <td>
                <AccountLink id={product.accrued_account} />
              </td>
            </tr>
          )),
        )}
      </tbody>
    </TableFrame>
  );
}

function Accounts({ accounts }: { readonly accounts: readonly AccountInterest[] }) {
  const { t } = useText();
  if (accounts.length === 0) return <Empty title={t("interest.accounts.none")} />;
  return (
    <TableFrame label={t("interest.accounts")}>
      <thead>
        <tr>
          <th scope="col">{t("account.id")}</th>
          <th scope="col">{t("interest.product")}</th>
          <th scope="col">{t("interest.since")}</th>
          <th scope="col">{t("interest.through")}</th>
          <th scope="col" className="number">
            {t("interest.accrued")}
          </th>
          <th scope="col">{t("account.currency")}</th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((interest) => (
          <tr key={interest.account}>
            <th scope="row">
              <AccountLink id={interest.account} />
            </th>
            <td>{interest.product}</td>
            <td>{interest.since}</td>
            <td>{interest.accrued_through ?? "–"}</td>
            <td className="number strong">
              <Amount value={interest.accrued} />
            </td>
            <td>{interest.currency}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
