import type { FormEvent } from "react";
import { type Access, getAccess } from "../api/client";
import { useQuery } from "../api/useQuery";
import { navigate } from "../app/navigation";
import { useText } from "../i18n/useText";
import { Loaded } from "../ui/Loaded";
import { Badge, Command, PageTitle, Panel } from "../ui/parts";
import { CertificatesPanel } from "./CertificatesPanel";
import { DoorsPanel } from "./DoorsPanel";
import { RulesPanel } from "./RulesPanel";
import { findAddress } from "./filter";

const REFRESH_MS = 3000;

/** Who may do what over TLS: the doors, the rules in force, the certificates and their ends. */
export function AccessPage({ find }: { readonly find: string | null }) {
  const { t } = useText();
  const query = useQuery("access", (signal) => getAccess(signal), REFRESH_MS);
  const seen = query.data;
  const isEmpty = seen && seen.rules.total === 0 && seen.certificates.certificates.length === 0;
  return (
    <>
      <PageTitle title={t("access.title")} note={isEmpty ? null : <FindBox find={find ?? ""} />} />
      <Loaded query={query}>
        {(access) => (
          <>
            {access.on ? <DoorsPanel doors={access.doors} /> : <TurnOn access={access} />}
            {access.on || access.rules.total > 0 || access.rules.problem != null ? (
              <RulesPanel rules={access.rules} on={access.on} find={find ?? ""} />
            ) : null}
            {access.on || access.certificates.certificates.length > 0 ? (
              <CertificatesPanel folder={access.certificates} find={find ?? ""} />
            ) : null}
          </>
        )}
      </Loaded>
    </>
  );
}

function enterRows(event: FormEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main [data-row]")?.focus();
}

/** Filters both tables while one types; the search is part of the address. Enter goes to the first row. */
function FindBox({ find }: { readonly find: string }) {
  const { t } = useText();
  return (
    <form className="search" role="search" aria-label={t("access.find")} onSubmit={enterRows}>
      <input
        type="search"
        data-search=""
        value={find}
        onChange={(event) => navigate(findAddress(event.target.value), true)}
        placeholder={t("access.find")}
        aria-label={t("access.find")}
        autoComplete="off"
        spellCheck={false}
        maxLength={256}
      />
    </form>
  );
}

/** What stands where nobody is served over TLS: that it is so, and the commands that change it. */
function TurnOn({ access }: { readonly access: Access }) {
  const { t } = useText();
  const isPlain = access.doors.some((door) => door.plain != null);
  return (
    <Panel title={t("access.doors")} aside={<Badge tone="quiet">{t("access.off")}</Badge>}>
      <div className="empty" data-testid="access-off">
        <p className="empty-title">{t("access.off.title")}</p>
        <p>{isPlain ? t("access.off.plain") : t("access.off.closed")}</p>
        <p>{t("access.off.how")}</p>
        {access.turn_on.map((command) => (
          <Command key={command} text={command} />
        ))}
      </div>
    </Panel>
  );
}
