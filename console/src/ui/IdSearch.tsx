import { type FormEvent, useState } from "react";
import { navigate } from "../app/navigation";
import { useText } from "../i18n/useText";

/** A box for an id; entering one goes to its address. */
export function IdSearch(props: {
  readonly label: string;
  readonly address: (id: string) => string;
  readonly compact?: boolean;
}) {
  const { t } = useText();
  const [id, setId] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = id.trim();
    if (wanted === "") return;
    setId("");
    navigate(props.address(wanted));
  };
  return (
    <form className="search" role="search" aria-label={props.label} onSubmit={submit}>
      <input
        type="search"
        data-search=""
        value={id}
        onChange={(event) => setId(event.target.value)}
        placeholder={props.label}
        aria-label={props.label}
        autoComplete="off"
        spellCheck={false}
        maxLength={64}
      />
      {props.compact ? <kbd aria-hidden="true">/</kbd> : <button type="submit">{t("search.open")}</button>}
    </form>
  );
}
