import { type FormEvent, type ReactNode, useId } from "react";
import { Link, navigate } from "../app/navigation";
import type { LedgerView } from "../app/route";
import { type Text, useText } from "../i18n/useText";
import { type Field, searchAddress } from "./filter";

/** The form of a search. Entering it goes to the search's address. */
export function Filter(props: {
  readonly view: LedgerView;
  readonly query: string;
  readonly fields: readonly Field[];
}) {
  const { t } = useText();
  const { view, query, fields } = props;
  const asked = new URLSearchParams(query);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget);
    const values = fields.map(({ name }) => [name, String(entered.get(name) ?? "")] as const);
    navigate(searchAddress(view, values));
  };
  return (
    // The key empties and fills the form when the address changes by itself.
    <form key={query} className="filter" role="search" aria-label={t("filter.label")} onSubmit={submit}>
      {fields.map((field, index) => (
        <Labelled key={field.name} text={fieldName(t, field.name)}>
          {(id) => <Input id={id} field={field} value={asked.get(field.name) ?? ""} first={index === 0} />}
        </Labelled>
      ))}
      <button type="submit" className="primary">
        {t("filter.apply")}
      </button>
      <Link className="filter-clear" to={searchAddress(view, [])}>
        {t("filter.clear")}
      </Link>
    </form>
  );
}

function Labelled(props: { readonly text: string; readonly children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.text}</label>
      {props.children(id)}
    </div>
  );
}

function Input(props: {
  readonly id: string;
  readonly field: Field;
  readonly value: string;
  readonly first: boolean;
}) {
  const { value } = useText();
  const { id, field, first } = props;
  if (field.kind === "order") {
    return (
      <select id={id} name={field.name} defaultValue={props.value || "newest"}>
        {["newest", "oldest"].map((order) => (
          <option key={order} value={order}>
            {value("order", order)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      id={id}
      name={field.name}
      type={field.kind === "time" ? "datetime-local" : "text"}
      step={field.kind === "time" ? 1 : undefined}
      defaultValue={props.value}
      autoComplete="off"
      spellCheck={false}
      maxLength={64}
      {...(first ? { "data-search": "" } : {})}
    />
  );
}

/** What a field is called. */
function fieldName(t: Text["t"], name: string): string {
  switch (name) {
    case "account":
      return t("account.id");
    case "currency":
      return t("account.currency");
    case "code":
      return t("account.code");
    case "user_data_128":
      return t("userData.128");
    case "user_data_64":
      return t("userData.64");
    case "user_data_32":
      return t("userData.32");
    case "from":
      return t("filter.from");
    case "to":
      return t("filter.to");
    case "expires_before":
      return t("hold.expiresBefore");
    default:
      return t("filter.order");
  }
}
