import { listBelow } from "../api/client";
import { useQuery } from "../api/useQuery";
import { routePath } from "../app/route";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { Panel } from "../ui/parts";
import { AccountsTable } from "./AccountsPage";

const ROWS = 50;

/** What stands directly below a control account, page by page. */
export function BelowPanel({ id, after }: { readonly id: string; readonly after: string | null }) {
  const { t } = useText();
  const query = useQuery(`below/${id}/${after ?? ""}`, (signal) =>
    listBelow(id, { cursor: after, limit: ROWS, signal }),
  );
  return (
    <Panel title={t("account.below")}>
      <Loaded query={query}>
        {({ accounts, next }) => (
          <>
            <AccountsTable accounts={accounts} />
            <Paging
              list={`below/${id}`}
              cursor={after}
              next={next ?? null}
              address={(cursor) => routePath({ page: "account", id, before: cursor })}
              first="page.first"
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
