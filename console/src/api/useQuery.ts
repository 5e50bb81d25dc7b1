import { useCallback, useEffect, useReducer, useRef } from "react";
import { type Failure, failureOf } from "./problem";

/** What a query knows: its data, its failure, or both when a refresh failed over data that still stands. */
export interface QueryState<Data> {
  readonly key: string;
  readonly data: Data | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
}

export type QueryAction<Data> =
  | { readonly type: "started"; readonly key: string }
  | { readonly type: "succeeded"; readonly key: string; readonly data: Data }
  | { readonly type: "failed"; readonly key: string; readonly failure: Failure };

/** Steps a query. Answers to a key that is no longer asked for are dropped. */
export function queryReducer<Data>(state: QueryState<Data>, action: QueryAction<Data>): QueryState<Data> {
  if (action.type === "started") {
    return action.key === state.key
      ? { ...state, loading: true }
      : { key: action.key, data: undefined, failure: undefined, loading: true };
  }
  if (action.key !== state.key) return state;
  if (action.type === "succeeded") return { ...state, data: action.data, failure: undefined, loading: false };
  // "Not found" after data means the thing is not what was shown: the data must not stand beside it.
  const gone = action.failure.kind === "problem" && action.failure.problem.status === 404;
  return { ...state, data: gone ? undefined : state.data, failure: action.failure, loading: false };
}

export interface Query<Data> extends QueryState<Data> {
  /** Asks again now. */
  readonly refresh: () => void;
}

/** A refresh from the keyboard or a button reaches every query on the page through this event. */
export const REFRESH_EVENT = "tongbao:refresh";

/**
 * Asks for `key` with `load`, again every `everyMs` while the page is visible (never when it is null), and
 * again on `REFRESH_EVENT`. `load` must depend on nothing but what `key` names.
 */
export function useQuery<Data>(
  key: string,
  load: (signal: AbortSignal) => Promise<Data>,
  everyMs: number | null = null,
): Query<Data> {
  const [state, dispatch] = useReducer(queryReducer<Data>, {
    key,
    data: undefined,
    failure: undefined,
    loading: true,
  });
  const loadRef = useRef(load);
  useEffect(() => {
    loadRef.current = load;
  });
  const runRef = useRef<() => void>(() => {});

  useEffect(() => {
    let running: AbortController | undefined;
    const run = async () => {
      if (running) return;
      const controller = new AbortController();
      running = controller;
      dispatch({ type: "started", key });
      try {
        const data = await loadRef.current(controller.signal);
        if (!controller.signal.aborted) dispatch({ type: "succeeded", key, data });
      } catch (thrown) {
        if (!controller.signal.aborted) dispatch({ type: "failed", key, failure: failureOf(thrown) });
      } finally {
        if (running === controller) running = undefined;
      }
    };
    const runNow = () => void run();
    runRef.current = runNow;
    runNow();
    window.addEventListener(REFRESH_EVENT, runNow);
    const timer =
      everyMs === null
        ? undefined
        : setInterval(() => document.visibilityState === "visible" && runNow(), everyMs);
    return () => {
      running?.abort();
      clearInterval(timer);
      window.removeEventListener(REFRESH_EVENT, runNow);
    };
  }, [key, everyMs]);

  const refresh = useCallback(() => runRef.current(), []);
  // Until the effect has run for a new key, the old key's data must not be shown under the new name.
  const current = state.key === key ? state : { key, data: undefined, failure: undefined, loading: true };
  return { ...current, refresh };
}
