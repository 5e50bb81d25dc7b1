import { type ReactNode, useEffect, useRef } from "react";
import { useText } from "../i18n/useText";
import { changeSettings, useSettings } from "./settings";

/** The list of shortcuts, as a modal dialog: the browser keeps the focus inside and Escape closes it. */
export function Help({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const { t } = useText();
  const { shortcuts } = useSettings();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  const then = t("keys.then");
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">{t("keys.title")}</h2>
      <dl className="keys">
        <Keys keys={["?"]}>{t("keys.help")}</Keys>
        <Keys keys={["/"]}>{t("keys.search")}</Keys>
        <Keys keys={["g", "o"]} joint={then}>
          {t("keys.go", { page: t("nav.overview") })}
        </Keys>
        <Keys keys={["g", "a"]} joint={then}>
          {t("keys.go", { page: t("nav.accounts") })}
        </Keys>
        <Keys keys={["g", "p"]} joint={then}>
          {t("keys.go", { page: t("nav.payments") })}
        </Keys>
        <Keys keys={["g", "l"]} joint={then}>
          {t("keys.go", { page: t("nav.ledger") })}
        </Keys>
        <Keys keys={["g", "c"]} joint={then}>
          {t("keys.go", { page: t("nav.access") })}
        </Keys>
        <Keys keys={["g", "d"]} joint={then}>
          {t("keys.go", { page: t("nav.drills") })}
        </Keys>
        <Keys keys={["j", "k"]} joint="/">
          {t("keys.rows")}
        </Keys>
        <Keys keys={["[", "]"]} joint="/">
          {t("keys.pages")}
        </Keys>
        <Keys keys={["r"]}>{t("keys.refresh")}</Keys>
        <Keys keys={["l"]}>{t("keys.language")}</Keys>
        <Keys keys={["t"]}>{t("keys.theme")}</Keys>
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={shortcuts}
          onChange={(event) => changeSettings({ shortcuts: event.target.checked })}
        />
        {t("keys.enable")}
      </label>
      <form method="dialog">
        <button type="submit" className="primary">
          {t("keys.close")}
        </button>
      </form>
    </dialog>
  );
}

function Keys(props: {
  readonly keys: readonly string[];
  readonly joint?: string;
  readonly children: ReactNode;
}) {
  return (
    <div>
      <dt>
        {props.keys.map((key, index) => (
          <span key={key}>
            {index > 0 ? <span className="quiet"> {props.joint} </span> : null}
            <kbd>{key}</kbd>
          </span>
        ))}
      </dt>
      <dd>{props.children}</dd>
    </div>
  );
}
