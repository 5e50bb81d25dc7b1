import { Component, type ReactNode } from "react";
import { useText } from "../i18n/useText";

/** Keeps a page's fault on that page: the rest of the console goes on. */
export class CrashGuard extends Component<
  { readonly children: ReactNode },
  { readonly fault: string | null }
> {
  override state = { fault: null };

  static getDerivedStateFromError(thrown: unknown): { fault: string } {
    return { fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }

  override render(): ReactNode {
    return this.state.fault === null ? this.props.children : <Crash fault={this.state.fault} />;
  }
}

function Crash({ fault }: { readonly fault: string }) {
  const { t } = useText();
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{t("app.crashed")}</p>
      <p>{t("app.crashed.hint")}</p>
      <p>
        <code>{fault}</code>
      </p>
      <button type="button" onClick={() => location.reload()}>
        {t("app.reload")}
      </button>
    </div>
  );
}
