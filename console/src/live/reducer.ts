/** What the stream of live figures tells, step by step: the latest sample, the charts' history, the changes. */

import type { Live, Platform } from "../api/client";

/** How much history the charts keep, in seconds. */
export const HISTORY_S = 300;

/** More events than this push the oldest out. */
const EVENTS_MAX = 50;

/** One point of the charts. Null figures draw a gap. */
export interface Point {
  /** Seconds since the epoch, as the chart library counts. */
  readonly at_s: number;
  readonly transfers: number | null;
  readonly requests: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
}

export type LiveEventKind = "down" | "starting" | "up" | "leader" | "leaderless" | "lost" | "resumed";

/** A change that a person watching would want to have seen. */
export interface LiveEvent {
  /** Counts up from 1 within one page. */
  readonly n: number;
  readonly at: string;
  readonly kind: LiveEventKind;
  /** The site concerned, empty when there is none. */
  readonly site: string;
  /** The epoch that began, for `leader`. */
  readonly epoch: number;
}

export interface LiveState {
  readonly connection: "connecting" | "open" | "lost";
  /** When the stream broke, in milliseconds since the epoch; null while it is open. */
  readonly lostAt_ms: number | null;
  readonly latest: Live | null;
  readonly points: readonly Point[];
  /** Newest first. */
  readonly events: readonly LiveEvent[];
}

export type LiveAction =
  { readonly type: "sample"; readonly sample: Live } | { readonly type: "lost"; readonly now_ms: number };

export const LIVE_START: LiveState = {
  connection: "connecting",
  lostAt_ms: null,
  latest: null,
  points: [],
  events: [],
};

/** Steps the state by one sample, or by the loss of the stream. */
export function liveReducer(state: LiveState, action: LiveAction): LiveState {
  return action.type === "sample" ? onSample(state, action.sample) : onLost(state, action.now_ms);
}

function onSample(state: LiveState, sample: Live): LiveState {
  const resumed = state.connection === "lost" ? [change("resumed", sample.at)] : [];
  const changes = state.latest ? platformChanges(state.latest.platform, sample.platform, sample.at) : [];
  return {
    connection: "open",
    lostAt_ms: null,
    latest: sample,
    points: appendPoint(state.points, sample),
    events: appendEvents(state.events, [...resumed, ...changes]),
  };
}

function onLost(state: LiveState, now_ms: number): LiveState {
  if (state.connection === "lost") return state;
  const at = new Date(now_ms).toISOString();
  const gap: Point = { at_s: now_ms / 1000, transfers: null, requests: null, p50: null, p99: null };
  const last = state.points.at(-1);
  return {
    ...state,
    connection: "lost",
    lostAt_ms: now_ms,
    // The gap keeps the chart from joining the two sides of the break with a line that never happened.
    points: last && last.at_s < gap.at_s ? [...state.points, gap] : state.points,
    // A stream that never opened has not broken: the page says "connecting" already.
    events: state.latest ? appendEvents(state.events, [change("lost", at)]) : state.events,
  };
}

function appendPoint(points: readonly Point[], sample: Live): readonly Point[] {
  const at_s = Date.parse(sample.at) / 1000;
  const last = points.at(-1);
  // The chart needs rising times. A server whose clock stepped back starts a new history.
  const kept = last && last.at_s >= at_s ? [] : points.filter((point) => point.at_s > at_s - HISTORY_S);
  return [
    ...kept,
    {
      at_s,
      transfers: sample.transfers_per_s,
      requests: sample.requests_per_s,
      p50: sample.p50_ms ?? null,
      p99: sample.p99_ms ?? null,
    },
  ];
}

type Change = Omit<LiveEvent, "n">;

function change(kind: LiveEventKind, at: string, site = "", epoch = 0): Change {
  return { at, kind, site, epoch };
}

/** What changed from one picture of the platform to the next, in the order a person would tell it. */
function platformChanges(before: Platform, after: Platform, at: string): Change[] {
  const changes: Change[] = [];
  for (const site of after.sites) {
    const old = before.sites.find(({ name }) => name === site.name);
    if (old && old.state !== site.state) changes.push(change(site.state, at, site.name));
  }
  const leader = after.leader ?? null;
  if (leader === null) {
    if (before.leader != null) changes.push(change("leaderless", at));
  } else if (before.leader !== leader || before.epoch !== after.epoch) {
    changes.push(change("leader", at, leader, after.epoch));
  }
  return changes;
}

function appendEvents(events: readonly LiveEvent[], changes: readonly Change[]): readonly LiveEvent[] {
  if (changes.length === 0) return events;
  const first = (events[0]?.n ?? 0) + 1;
  const added = changes.map((entry, index) => ({ ...entry, n: first + index })).toReversed();
  return [...added, ...events].slice(0, EVENTS_MAX);
}
