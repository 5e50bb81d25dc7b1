/** Small parts that every page uses. */

import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Link, hasNavigated } from "../app/navigation";
import { routePath } from "../app/route";
import { formatAmount, isNegative } from "../format/money";
import { formatDateTime } from "../format/text";
import { useText } from "../i18n/useText";
import type { Tone } from "../live/health";

/** A word with a coloured mark before it; the word alone carries the meaning. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

/** A titled region of a page. `aside` stands at the end of the title's line. */
export function Panel(props: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={`panel ${props.className ?? ""}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/**
 * A page's heading. It takes the focus on arrival from another page, so that a screen reader starts there; a
 * freshly loaded document keeps the browser's order, with the skip link first.
 */
export function PageTitle({ title, note }: { readonly title: string; readonly note?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasNavigated()) heading.current?.focus({ preventScroll: true });
  }, []);
  const { t } = useText();
  const name = t("app.name");
  useEffect(() => {
    document.title = `${title} · ${name}`;
  }, [title, name]);
  return (
    <div className="page-title">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {note}
    </div>
  );
}

/** A point in time: local and short to read, exact and universal in its title. */
export function Time({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatDateTime(at)}
    </time>
  );
}

/** An amount in tabular figures; below zero it is also coloured. */
export function Amount({ value, text }: { readonly value: string; readonly text?: string }) {
  return (
    <span className={isNegative(value) ? "amount negative" : "amount"}>{text ?? formatAmount(value)}</span>
  );
}

export function AccountLink({ id }: { readonly id: string }) {
  return (
    <Link className="id" to={routePath({ page: "account", id, before: null })}>
      {id}
    </Link>
  );
}

/** A payment's id as a link; as the `row` of a table it is a stop of the j and k keys. */
export function PaymentLink({ id, row }: { readonly id: string; readonly row?: boolean }) {
  return (
    <Link className="id" to={routePath({ page: "payment", id })} {...(row ? { "data-row": "" } : {})}>
      {id}
    </Link>
  );
}

/** Copies `text`. Says so for a moment, on the button and to screen readers. */
export function CopyButton({ text }: { readonly text: string }) {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    // Refused in an unfocused or insecure page; the text stands beside the button to be selected.
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <button type="button" className="button-small" onClick={copy} aria-label={t("copy.what", { text })}>
      <span aria-live="polite">{copied ? t("copy.copied") : t("copy.copy")}</span>
    </button>
  );
}

/** A command to run in a terminal, with its copy button. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

/** The command that fills an empty bank. */
export const REPLAY_COMMAND = "tongbao replay --mapping examples/berka/mapping.yaml DIR";

/** What stands where there is nothing yet: what is missing, and what to do next. */
export function Empty(props: { readonly title: string; readonly hint?: string; readonly command?: string }) {
  return (
    <div className="empty">
      <p className="empty-title">{props.title}</p>
      {props.hint === undefined ? null : <p>{props.hint}</p>}
      {props.command === undefined ? null : <Command text={props.command} />}
    </div>
  );
}

/** A table that scrolls sideways on its own, reachable by keyboard, when the page is narrow. */
export function TableFrame({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div className="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}
