/** The one connection to the stream of live figures, shared by every page. */

import { useSyncExternalStore } from "react";
import { LIVE_PATH, type Live } from "../api/client";
import { LIVE_START, type LiveAction, type LiveState, liveReducer } from "./reducer";

/** The server sends every 500 ms: after this long without a sample the figures are stale, whatever TCP says. */
const SILENCE_MS_MAX = 3000;

/** Waits between attempts: soon at first, since a takeover is short, then at a calm pace. */
const RETRY_MS = [250, 500, 1000, 2000, 4000] as const;

let state: LiveState = LIVE_START;
let source: EventSource | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let attempts = 0;
const listeners = new Set<() => void>();

function dispatch(action: LiveAction): void {
  const next = liveReducer(state, action);
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

function open(): void {
  close();
  source = new EventSource(LIVE_PATH);
  source.addEventListener("live", (event: MessageEvent<string>) => {
    attempts = 0;
    watchSilence();
    // The server is this console's own binary: a sample that is not JSON is a bug, and shows as a broken stream.
    dispatch({ type: "sample", sample: JSON.parse(event.data) as Live });
  });
  source.addEventListener("error", reopen);
  watchSilence();
}

function close(): void {
  clearTimeout(silence);
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

function watchSilence(): void {
  clearTimeout(silence);
  silence = setTimeout(reopen, SILENCE_MS_MAX);
}

// EventSource's own reconnecting gives up for good on some errors and hides how long it waits; this does not.
function reopen(): void {
  close();
  dispatch({ type: "lost", now_ms: Date.now() });
  const wait = RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)];
  attempts += 1;
  retry = setTimeout(open, wait);
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) open();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) close();
  };
}

/** The live state; the stream is open while any component uses it. */
export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}
