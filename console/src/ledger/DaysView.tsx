import { type BusinessDay, type DayTrialBalance, getDay, listDays } from "../api/client";
import { useQuery } from "../api/useQuery";
import { Link } from "../app/navigation";
import { formatCount, shortHash } from "../format/text";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Paging } from "../ui/Paging";
import { CopyButton, Empty, Panel, TableFrame, Time } from "../ui/parts";
import { Currencies, PrintButton, Verdict } from "./TrialBalanceView";
import { searchAddress } from "./filter";

const ROWS = 20;

/** The business days that have ended, and the trial balance of the one that is chosen. */
export function DaysView({ query: asked }: { readonly query: string }) {
  const { t } = useText();
  const search = new URLSearchParams(asked);
  const [before, chosen] = [search.get("before"), search.get("day")];
  const query = useQuery(`days/${before ?? ""}`, (signal) =>
    listDays({ cursor: before, limit: ROWS, signal }),
  );
  return (
    <>
      <Panel title={t("tab.days")} className="no-print">
        <Loaded query={query}>
          {({ open, days, next }) => (
            <>
              <p className="trial-head" data-testid="open-day">
                {open == null ? t("days.none") : t("days.open", { day: open })}
              </p>
              {days.length === 0 ? (
                <Empty title={t("days.empty")} hint={t("days.empty.hint")} command={CLOSE_COMMAND} />
              ) : (
                <Days days={days} chosen={chosen} before={before} />
              )}
              <Paging list="days" cursor={before} next={next ?? null} address={pageOfDays} first="page.newest" />
            </>
          )}
        </Loaded>
      </Panel>
      {chosen === null ? null : <DayPanel date={chosen} />}
    </>
  );
}

function pageOfDays(before: string | null): string {
  return searchAddress("days", before === null ? [] : [["before", before]]);
}

const CLOSE_COMMAND = "tongbao day close DATE --next DATE";

function Days(props: {
  readonly days: readonly BusinessDay[];
  readonly chosen: string | null;
  readonly before: string | null;
}) {
  const { t, language } = useText();
  const page: [string, string][] = props.before === null ? [] : [["before", props.before]];
  return (
    <TableFrame label={t("tab.days")}>
      <thead>
        <tr>
          <th scope="col">{t("days.day")}</th>
          <th scope="col">{t("days.ended")}</th>
          <th scope="col" className="number">
            {t("days.transfers")}
          </th>
          <th scope="col">{t("days.digest")}</th>
        </tr>
      </thead>
      <tbody>
        {props.days.map((day) => (
          <tr key={day.date} className={day.date === props.chosen ? "chosen" : ""}>
            <th scope="row">
              <Link
                data-row=""
                aria-current={day.date === props.chosen ? "true" : undefined}
                to={searchAddress("days", [...page, ["day", day.date]])}
              >
                {day.date}
              </Link>
            </th>
            <td>
              <Time at={day.ended_at} />
            </td>
            <td className="number">{formatCount(day.transfers, language)}</td>
            <td className="hash-cell" title={day.digest}>
              {shortHash(day.digest)}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

/** The trial balance of a day, to be read or printed. */
function DayPanel({ date }: { readonly date: string }) {
  const { t } = useText();
  const query = useQuery(`day/${date}`, (signal) => getDay(date, signal));
  return (
    <Panel title={t("days.balance", { day: date })} className="trial" aside={<PrintButton />}>
      <Loaded query={query}>{(balance) => <Day balance={balance} />}</Loaded>
    </Panel>
  );
}

function Day({ balance }: { readonly balance: DayTrialBalance }) {
  const { t } = useText();
  const { day } = balance;
  return (
    <>
      <p className="trial-head" data-testid="day-verdict">
        <Verdict balanced={balance.balanced} />
        <span className="quiet">
          {t("days.ended")} <Time at={day.ended_at} />
        </span>
        <span className="hash">
          {t("days.digest")} {day.digest} <CopyButton text={day.digest} />
        </span>
      </p>
      {balance.currencies.length === 0 ? <Empty title={t("trial.empty")} /> : null}
      <Currencies currencies={balance.currencies} />
    </>
  );
}
