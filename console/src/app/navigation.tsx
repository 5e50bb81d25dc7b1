/** Moving between the pages of the console without loading the document again. */

import { type AnchorHTMLAttributes, type MouseEvent, useMemo, useSyncExternalStore } from "react";
import { type Route, parseRoute } from "./route";

const NAVIGATED = "tongbao:navigated";

let navigated = false;

/** Whether the page that is shown was reached from another one, and not by loading the document. */
export function hasNavigated(): boolean {
  return navigated;
}

/** Goes to an address of the console. `replace` leaves no entry to come back to. */
export function navigate(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  navigated = true;
  // As loading a document would; going back restores the place by itself.
  window.scrollTo(0, 0);
  window.dispatchEvent(new Event(NAVIGATED));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(NAVIGATED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(NAVIGATED, listener);
  };
}

/** The route of the address bar. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  return useMemo(() => {
    const question = address.indexOf("?");
    return question < 0
      ? parseRoute(address, "")
      : parseRoute(address.slice(0, question), address.slice(question));
  }, [address]);
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & { readonly to: string };

/** A link inside the console. Modified clicks (new tab, download) stay the browser's. */
export function Link({ to, children, ...rest }: LinkProps) {
  const onClick = (event: MouseEvent<HTMLAnchorElement>) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a {...rest} href={to} onClick={onClick}>
      {children}
    </a>
  );
}
