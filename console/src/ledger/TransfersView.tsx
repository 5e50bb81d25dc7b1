import { searchTransfers } from "../api/client";
import { useQuery } from "../api/useQuery";
import { useText } from "../i18n/useText";
import { PaymentsTable } from "../payments/PaymentsTable";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { Empty, Panel } from "../ui/parts";
import { Filter } from "./Filter";
import { type Field, pageAddress, searchName, searchOf } from "./filter";

const ROWS = "50";

const FIELDS: readonly Field[] = [
  { name: "user_data_64", kind: "text" },
  { name: "user_data_128", kind: "text" },
  { name: "user_data_32", kind: "text" },
  { name: "code", kind: "text" },
  { name: "currency", kind: "text" },
  { name: "from", kind: "time" },
  { name: "to", kind: "time" },
  { name: "order", kind: "order" },
];

/** Transfers by their fields. */
export function TransfersView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const search = searchOf(asked, FIELDS);
  const query = useQuery(`transfers?${asked}`, (signal) => searchTransfers({ ...search, limit: ROWS }, signal));
  return (
    <Panel title={t("tab.transfers")}>
      <Filter view="transfers" query={asked} fields={FIELDS} />
      <Loaded query={query}>
        {({ transfers, next }) => (
          <>
            {transfers.length > 0 ? (
              <PaymentsTable payments={transfers} label={t("tab.transfers")} />
            ) : (
              <Empty
                title={t("filter.none")}
                hint={next == null ? t("filter.none.hint") : t("filter.none.more")}
              />
            )}
            <Paging
              list={searchName("transfers", asked)}
              cursor={search["after"] ?? null}
              next={next ?? null}
              address={(cursor) => pageAddress("transfers", asked, cursor)}
              first="page.first"
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
