import { type CSSProperties, Fragment, type KeyboardEvent, useMemo, useState } from "react";
import { type ControlAccount, listBelow, listTree } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { routePath } from "../app/route";
import { formatCount } from "../format/text";
import { useText } from "../i18n/useText";
import { ProblemView } from "../ui/ProblemView";
import { Loaded } from "../ui/Loaded";
import { Amount, Empty, Panel } from "../ui/parts";
import { type TreeRow, rowsOf, stepFor } from "./tree";

const LEAVES = 50;

/** The tree of accounts: control accounts with the sums below them, down to the accounts that are none. */
export function TreeView() {
  const { t } = useText();
  const query = useQuery("tree", listTree);
  return (
    <Panel title={t("tab.tree")}>
      <Loaded query={query}>{(controls) => <Tree controls={controls} />}</Loaded>
    </Panel>
  );
}

function Tree({ controls }: { readonly controls: readonly ControlAccount[] }) {
  const { t } = useText();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => rowsOf(controls, open), [controls, open]);
  if (controls.length === 0) {
    return <Empty title={t("tree.empty")} hint={t("tree.empty.hint")} command={PLACE_COMMAND} />;
  }
  const set = (id: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(id);
    else next.delete(id);
    setOpen(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>("[data-control]")?.dataset["control"];
    const step = id === undefined ? null : stepFor(event.key, rows, id);
    if (step === null) return;
    event.preventDefault();
    if (step.do === "focus") focusOn(event.currentTarget, step.id);
    else set(step.id, step.do === "open");
  };
  return (
    <>
      <p className="tree-tools no-print">
        <button type="button" className="button-small" onClick={() => setOpen(new Set(controls.map(({ id }) => id)))}>
          {t("tree.openAll")}
        </button>
        <button type="button" className="button-small" onClick={() => setOpen(new Set())}>
          {t("tree.closeAll")}
        </button>
        <span className="quiet">{t("tree.keys")}</span>
      </p>
      <div className="table-frame">
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- rows that open are a treegrid (WAI-ARIA) */}
        <table role="treegrid" aria-label={t("tab.tree")} className="tree" onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <th scope="col">{t("account.id")}</th>
              <th scope="col">{t("account.currency")}</th>
              <th scope="col" className="number">
                {t("account.code")}
              </th>
              <th scope="col" className="number">
                {t("ledger.count")}
              </th>
              <th scope="col" className="number">
                {t("account.debitsPosted")}
              </th>
              <th scope="col" className="number">
                {t("account.creditsPosted")}
              </th>
              <th scope="col" className="number">
                {t("account.balance")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Fragment key={row.control.id}>
                <ControlRow row={row} onToggle={() => set(row.control.id, !row.open)} />
                {row.open && row.hasLeaves ? (
                  <Leaves id={row.control.id} level={row.control.depth + 1} after={null} />
                ) : null}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const PLACE_COMMAND = "tongbao account place ID --above ID";

function focusOn(table: HTMLElement, id: string): void {
  table.querySelector<HTMLElement>(`[data-control="${CSS.escape(id)}"] [data-row]`)?.focus();
}

function indent(level: number): CSSProperties {
  return { paddingInlineStart: `${level * 22}px` };
}

function ControlRow({ row, onToggle }: { readonly row: TreeRow; readonly onToggle: () => void }) {
  const { t, language } = useText();
  const { control, open } = row;
  return (
    <tr data-control={control.id} aria-level={control.depth + 1} aria-expanded={open} className="total">
      <th scope="row" style={indent(control.depth)}>
        <button
          type="button"
          className="tree-toggle"
          data-row=""
          aria-label={open ? t("tree.close", { id: control.id }) : t("tree.open", { id: control.id })}
          onClick={onToggle}
        >
          {open ? "▾" : "▸"}
        </button>
        <Link className="id" to={routePath({ page: "account", id: control.id, before: null })}>
          {control.id}
        </Link>
      </th>
      <td>{control.currency}</td>
      <td className="number">{control.code}</td>
      <td className="number">{formatCount(control.accounts, language)}</td>
      <td className="number">
        <Amount value={control.debits_posted} />
      </td>
      <td className="number">
        <Amount value={control.credits_posted} />
      </td>
      <td className="number strong">
        <Amount value={control.balance} />
      </td>
    </tr>
  );
}

/** The accounts directly below a control account that are none, page by page as they are asked for. */
function Leaves(props: { readonly id: string; readonly level: number; readonly after: string | null }) {
  const { id, level, after } = props;
  const { t } = useText();
  const [more, setMore] = useState(false);
  const { data, failure, refresh } = useQuery(`below/${id}/${after ?? ""}`, (signal) =>
    listBelow(id, { cursor: after, limit: LEAVES, signal }),
  );
  if (failure) {
    return (
      <tr>
        <td colSpan={7}>
          <ProblemView failure={failure} onRetry={refresh} />
        </td>
      </tr>
    );
  }
  if (data === undefined) {
    return (
      <tr>
        <td colSpan={7} className="loading">
          {t("data.loading")}
        </td>
      </tr>
    );
  }
  return (
    <>
      {data.accounts
        .filter((account) => !account.is_control)
        .map((account) => (
          <tr key={account.id} aria-level={level + 1}>
            <th scope="row" style={indent(level + 1)}>
              <Link className="id" data-row="" to={routePath({ page: "account", id: account.id, before: null })}>
                {account.id}
              </Link>
            </th>
            <td>{account.currency}</td>
            <td className="number">{account.code}</td>
            <td className="number">–</td>
            <td className="number">
              <Amount value={account.debits_posted} />
            </td>
            <td className="number">
              <Amount value={account.credits_posted} />
            </td>
            <td className="number">
              <Amount value={account.balance} />
            </td>
          </tr>
        ))}
      {data.next == null ? null : more ? (
        <Leaves id={id} level={level} after={data.next} />
      ) : (
        <tr>
          <td colSpan={7} style={indent(level + 1)}>
            <button type="button" className="button-small" data-row="" onClick={() => setMore(true)}>
              {t("tree.more")}
            </button>
          </td>
        </tr>
      )}
    </>
  );
}
