import type { AccessProblem, AccessRule, AccessRules } from "../api/client";
import { Link } from "../app/navigation";
import { formatCount } from "../format/text";
import { type Text, useText } from "../i18n/useText";
import { Badge, CopyButton, Empty, Panel, TableFrame, Time } from "../ui/parts";
import { certificateTone } from "./CertificatesPanel";
import { More, ROWS_MAX } from "./More";
import { findAddress, matches } from "./filter";

const RIGHTS = ["read", "post", "approve"] as const;

/** Who × ledgers × rights, and what is wrong with the file, if anything is. */
export function RulesPanel(props: {
  readonly rules: AccessRules;
  readonly on: boolean;
  readonly find: string;
}) {
  const text = useText();
  const { t } = text;
  const { rules, on, find } = props;
  const found = rules.rules.filter((rule) => matches(find, textsOf(rule, text)));
  return (
    <Panel title={on ? t("access.rules") : t("access.rules.idle")} aside={<Origin rules={rules} />}>
      {rules.problem == null ? null : <RulesProblem problem={rules.problem} />}
      {rules.rules.length === 0 ? (
        <Empty title={t("access.rules.none")} hint={t("access.rules.none.hint")} />
      ) : found.length === 0 ? (
        <Empty title={t("access.find.none")} />
      ) : (
        <RulesTable rules={found} />
      )}
      <More shown={Math.min(found.length, ROWS_MAX)} total={find === "" ? rules.total : found.length} />
    </Panel>
  );
}

function Origin({ rules }: { readonly rules: AccessRules }) {
  const { t, language } = useText();
  if (rules.read_at == null) return null;
  return (
    <span className="quiet">
      {t("access.rules.identities", { count: formatCount(rules.identities, language) })}
      {" · "}
      {rules.file == null ? t("access.elsewhere") : <code>{rules.file}</code>}
      {" · "}
      {t("access.rules.read")} <Time at={rules.read_at} />
    </span>
  );
}

/** The file as it is now is of no use; what is shown below is still in force. */
function RulesProblem({ problem }: { readonly problem: AccessProblem }) {
  const { t } = useText();
  return (
    <div className="problem" role="alert" data-testid="rules-problem">
      <p className="problem-title">{t("access.problem")}</p>
      <p>{problem.detail}</p>
      <dl className="facts facts-inline">
        <div>
          <dt>{t("problem.hint")}</dt>
          <dd>{problem.hint}</dd>
        </div>
        <div>
          <dt>{t("problem.code")}</dt>
          <dd className="code-line">
            <code>{problem.code}</code>
            <CopyButton text={problem.code} />
          </dd>
        </div>
      </dl>
    </div>
  );
}

function ledgersOf(rule: AccessRule, { t, language }: Text): string {
  if (rule.every_ledger) return t("access.everyLedger");
  const named = rule.ledgers.join(", ");
  return rule.more_ledgers === 0
    ? named
    : t("access.moreLedgers", { named, more: formatCount(rule.more_ledgers, language) });
}

function certificateOf(rule: AccessRule, { t, value }: Text): string {
  return rule.certificate == null ? t("access.certificate.none") : value("certificate", rule.certificate);
}

function textsOf(rule: AccessRule, text: Text): string[] {
  const rights = RIGHTS.filter((right) => rule.rights.includes(right)).map((right) => text.value("right", right));
  return [rule.identity, ledgersOf(rule, text), ...rights, certificateOf(rule, text)];
}

function RulesTable({ rules }: { readonly rules: readonly AccessRule[] }) {
  const text = useText();
  const { t, value } = text;
  return (
    <TableFrame label={t("access.rules")}>
      <thead>
        <tr>
          <th scope="col">{t("access.who")}</th>
          <th scope="col">{t("access.ledgers")}</th>
          {RIGHTS.map((right) => (
            <th key={right} scope="col" className="right">
              {value("right", right)}
            </th>
          ))}
          <th scope="col">{t("access.certificate")}</th>
        </tr>
      </thead>
      <tbody>
        {rules.slice(0, ROWS_MAX).map((rule) => (
          <tr key={`${rule.identity} ${rule.rights.join()} ${rule.every_ledger}`} data-rule={rule.identity}>
            <th scope="row" className="who">
              <Link className="id" data-row="" to={findAddress(rule.identity)}>
                {rule.identity}
              </Link>
            </th>
            <td className="ledgers">{ledgersOf(rule, text)}</td>
            {RIGHTS.map((right) => (
              <td key={right} className="right">
                {rule.rights.includes(right) ? t("access.yes") : <span className="quiet">–</span>}
              </td>
            ))}
            <td>
              <Badge tone={rule.certificate == null ? "quiet" : certificateTone(rule.certificate)}>
                {certificateOf(rule, text)}
              </Badge>
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
