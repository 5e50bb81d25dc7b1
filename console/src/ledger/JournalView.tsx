import { type JournalRecord, listJournal } from "../api/client";
import { useQuery } from "../api/useQuery";
import { navigate } from "../app/navigation";
import { routePath } from "../app/route";
import { formatCount, shortHash } from "../format/text";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Empty, Panel, TableFrame, Time } from "../ui/parts";
import { IdSearch } from "../ui/IdSearch";
import { VerifyPanel } from "./VerifyPanel";

const ROWS = 50;
const REFRESH_MS = 3000;

const address = (from: number | null) =>
  routePath({ page: "ledger", view: "journal", query: from === null ? "" : `from=${from}` });

/** The journal, record by record, with the hashes that chain them; and a check of the whole. */
export function JournalView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const wanted = Number(new URLSearchParams(asked).get("from") ?? "");
  const from = Number.isSafeInteger(wanted) && wanted > 0 ? wanted : null;
  const query = useQuery(
    `journal/${from ?? ""}`,
    (signal) => listJournal(from, ROWS, signal),
    from === null ? REFRESH_MS : null,
  );
  return (
    <>
      <VerifyPanel />
      <Panel
        title={t("journal.records")}
        aside={<IdSearch label={t("journal.goto")} address={(seq) => address(Number(seq) || null)} />}
      >
        <Loaded query={query}>
          {({ records, last_seq }) => (
            <>
              {records.length === 0 ? <Empty title={t("filter.none")} /> : <Records records={records} />}
              <Steps first={records[0]?.seq ?? last_seq + 1} last={last_seq} newest={from === null} />
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}

/** Record numbers are known, so the way back needs no trail. */
function Steps(props: { readonly first: number; readonly last: number; readonly newest: boolean }) {
  const { t } = useText();
  const { first, last, newest } = props;
  const next = first + ROWS;
  return (
    <nav className="paging" aria-label={t("page.label")}>
      <button type="button" disabled={newest} onClick={() => navigate(address(null))}>
        {t("journal.newest")}
      </button>
      <button
        type="button"
        disabled={first <= 1}
        data-page="-1"
        onClick={() => navigate(address(Math.max(1, first - ROWS)))}
      >
        {t("journal.older")}
      </button>
      <button
        type="button"
        disabled={newest || next > last}
        data-page="1"
        onClick={() => navigate(address(next))}
      >
        {t("journal.newer")}
      </button>
    </nav>
  );
}

function Hash({ hash }: { readonly hash: string }) {
  return (
    <code className="hash-cell" title={hash}>
      {shortHash(hash)}
    </code>
  );
}

function Records({ records }: { readonly records: readonly JournalRecord[] }) {
  const { t, value, language } = useText();
  return (
    <TableFrame label={t("journal.records")}>
      <thead>
        <tr>
          <th scope="col" className="number">
            {t("journal.seq")}
          </th>
          <th scope="col" className="number">
            {t("site.epoch")}
          </th>
          <th scope="col">{t("journal.leader")}</th>
          <th scope="col">{t("journal.kind")}</th>
          <th scope="col">{t("payment.time")}</th>
          <th scope="col" className="number">
            {t("journal.commands")}
          </th>
          <th scope="col" className="number">
            {t("journal.bytes")}
          </th>
          <th scope="col">{t("journal.previous")}</th>
          <th scope="col">{t("journal.hash")}</th>
          <th scope="col">{t("journal.state")}</th>
        </tr>
      </thead>
      <tbody>
        {records.toReversed().map((record) => (
          <tr key={record.seq} className={record.kind === "epoch" ? "new-epoch" : ""}>
            <th scope="row" className="number">
              {formatCount(record.seq, language)}
            </th>
            <td className="number">{record.epoch}</td>
            <td>{record.leader ?? "–"}</td>
            <td>{value("kind", record.kind)}</td>
            <td className="fine">
              <Time at={record.timestamp} />
            </td>
            <td className="number">{formatCount(record.commands, language)}</td>
            <td className="number">{formatCount(record.bytes, language)}</td>
            <td>
              <Hash hash={record.prev_hash} />
            </td>
            <td>
              <Hash hash={record.hash} />
            </td>
            <td>
              {record.state == null ? null : (
                <>
                  <Hash hash={record.state.hash} />{" "}
                  <span className="quiet">
                    {t("journal.state.of", { seq: formatCount(record.state.seq, language) })}
                  </span>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
