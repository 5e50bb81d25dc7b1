import type { Certificate, CertificateFolder } from "../api/client";
import { Link } from "../app/navigation";
import { formatCount, formatDate, shortHash } from "../format/text";
import { type Text, useText } from "../i18n/useText";
import type { Tone } from "../live/health";
import { Badge, Empty, Panel, TableFrame } from "../ui/parts";
import { More, ROWS_MAX } from "./More";
import { findAddress, matches } from "./filter";

/** How much a certificate's state asks for somebody. */
export function certificateTone(state: Certificate["state"]): Tone {
  switch (state) {
    case "valid":
      return "good";
    case "expires_soon":
    case "not_yet_valid":
      return "warn";
    case "expired":
      return "bad";
  }
}

/** The certificates with their ends, those that ask for somebody counted in the title's line. */
export function CertificatesPanel(props: { readonly folder: CertificateFolder; readonly find: string }) {
  const text = useText();
  const { t, language } = text;
  const { folder, find } = props;
  const found = folder.certificates.filter((one) => matches(find, textsOf(one, text)));
  const count = (state: Certificate["state"]) => folder.certificates.filter((one) => one.state === state).length;
  const [expired, soon] = [count("expired"), count("expires_soon")];
  return (
    <Panel
      title={t("access.certificates")}
      aside={
        <span className="panel-tools">
          {expired === 0 ? null : (
            <Badge tone="bad">{t("access.expired", { count: formatCount(expired, language) })}</Badge>
          )}
          {soon === 0 ? null : (
            <Badge tone="warn">{t("access.soon", { count: formatCount(soon, language) })}</Badge>
          )}
          <span className="quiet">
            {folder.folder == null ? t("access.elsewhere") : <code>{folder.folder}</code>}
          </span>
        </span>
      }
    >
      {folder.certificates.length === 0 ? (
        <Empty title={t("access.certificates.none")} command="tongbao certs init" />
      ) : found.length === 0 ? (
        <Empty title={t("access.find.none")} />
      ) : (
        <CertificatesTable certificates={found} />
      )}
      <More shown={Math.min(found.length, ROWS_MAX)} total={found.length} />
      {folder.more ? <p className="more quiet">{t("access.certificates.more")}</p> : null}
      {folder.unreadable.length === 0 ? null : (
        <ul className="unreadable" aria-label={t("access.unreadable")}>
          {folder.unreadable.map(({ file, problem }) => (
            <li key={file}>
              <Badge tone="bad">{t("access.unreadable")}</Badge> <code>{file}</code> {problem.detail}{" "}
              <span className="quiet">({problem.code})</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function nameOf(one: Certificate): string {
  return one.identity ?? one.subject;
}

/** Whether it is valid, in words that say how long. */
function validity(one: Certificate, { t, value, language }: Text): string {
  if (one.state === "expires_soon") {
    return t("access.daysLeft", { days: formatCount(one.days_left, language) });
  }
  return value("certificate", one.state);
}

function rulesOf(one: Certificate, { t }: Text): string {
  if (one.problem != null) return t("access.nobody", { code: one.problem.code });
  if (one.has_rules == null) return "–";
  return one.has_rules ? t("access.yes") : t("access.rules.missing");
}

function textsOf(one: Certificate, text: Text): string[] {
  const { file, subject, issuer, fingerprint, not_after } = one;
  const words = [validity(one, text), text.value("certificate", one.state), rulesOf(one, text)];
  return [nameOf(one), text.value("owner", one.kind), file, subject, issuer, fingerprint, not_after, ...words];
}

function CertificatesTable({ certificates }: { readonly certificates: readonly Certificate[] }) {
  const text = useText();
  const { t, value, language } = text;
  return (
    <TableFrame label={t("access.certificates")}>
      <thead>
        <tr>
          <th scope="col">{t("access.who")}</th>
          <th scope="col">{t("access.kind")}</th>
          <th scope="col">{t("access.state")}</th>
          <th scope="col">{t("access.notBefore")}</th>
          <th scope="col">{t("access.notAfter")}</th>
          <th scope="col" className="number">
            {t("access.days")}
          </th>
          <th scope="col">{t("access.hasRules")}</th>
          <th scope="col">{t("access.issuer")}</th>
          <th scope="col">{t("access.fingerprint")}</th>
          <th scope="col">{t("access.file")}</th>
        </tr>
      </thead>
      <tbody>
        {certificates.slice(0, ROWS_MAX).map((one) => (
          <tr key={`${one.file} ${one.fingerprint}`} data-certificate={one.file}>
            <th scope="row" className="who">
              <Link className="id" data-row="" to={findAddress(nameOf(one))}>
                {nameOf(one)}
              </Link>
            </th>
            <td>{value("owner", one.kind)}</td>
            <td>
              <Badge tone={certificateTone(one.state)}>{validity(one, text)}</Badge>
            </td>
            <td>
              <Day at={one.not_before} />
            </td>
            <td>
              <Day at={one.not_after} />
            </td>
            <td className="number">{formatCount(one.days_left, language)}</td>
            <td>
              {one.problem != null || one.has_rules === false ? (
                <Badge tone="warn">{rulesOf(one, text)}</Badge>
              ) : (
                rulesOf(one, text)
              )}
            </td>
            <td className="fine">{one.issuer}</td>
            <td className="fine" title={one.fingerprint}>
              <code>{shortHash(one.fingerprint)}</code>
            </td>
            <td className="fine file">{one.file}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

function Day({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatDate(at)}
    </time>
  );
}
