import { describe, expect, test } from "vitest";
import type { Live, Site } from "../api/client";
import { LIVE_START, type LiveState, liveReducer } from "./reducer";

const START_MS = Date.UTC(2026, 10, 22, 13, 0, 0);

function site(name: string, change: Partial<Site> = {}): Site {
  return {
    name,
    city: name.split("-")[0] ?? "",
    centre: 1,
    address: "127.11.0.1:41234",
    pid: 100,
    state: "up",
    role: "follower",
    epoch: 3,
    seq: 10,
    lag: 0,
    restarts: 0,
    since: new Date(START_MS).toISOString(),
    ...change,
  };
}

function sample(second: number, platform: Partial<Live["platform"]> = {}): Live {
  return {
    at: new Date(START_MS + second * 1000).toISOString(),
    requests_per_s: 10,
    transfers_per_s: 20,
    p50_ms: 0.9,
    p99_ms: null,
    held: 0,
    errors_per_s: 0,
    accounts: 2,
    transfers: 5,
    platform: {
      version: "0.1.0",
      started_at: new Date(START_MS).toISOString(),
      shard: "bank",
      leader: "east-1",
      epoch: 3,
      seq: 10,
      gateway: "127.0.0.1:8080",
      sites: [site("east-1", { role: "leader" }), site("east-2"), site("south-1")],
      ...platform,
    },
  };
}

/** Runs samples through the reducer. */
function run(samples: readonly Live[], from: LiveState = LIVE_START): LiveState {
  return samples.reduce((state, next) => liveReducer(state, { type: "sample", sample: next }), from);
}

const story = (state: LiveState) =>
  state.events
    .map(({ kind, site: name, epoch }) => [kind, name, epoch].filter(Boolean).join(" "))
    .toReversed();

test("a sample opens the stream and adds a point", () => {
  const state = run([sample(0)]);
  expect(state).toMatchObject({ connection: "open", lostAt_ms: null, events: [] });
  expect(state.points).toEqual([{ at_s: START_MS / 1000, transfers: 20, requests: 10, p50: 0.9, p99: null }]);
});

test("history is bounded by time", () => {
  const state = run(Array.from({ length: 1000 }, (_, index) => sample(index)));
  expect(state.points).toHaveLength(300);
  expect(state.points.at(-1)?.at_s).toBe(START_MS / 1000 + 999);
});

test("a clock that steps back starts a new history, so that times always rise", () => {
  expect(run([sample(10), sample(11), sample(5)]).points).toHaveLength(1);
});

describe("a broken stream", () => {
  const open = run([sample(0)]);
  const lost = liveReducer(open, { type: "lost", now_ms: START_MS + 3000 });

  test("leaves a gap, keeps the last figures and is told once", () => {
    expect(lost).toMatchObject({ connection: "lost", lostAt_ms: START_MS + 3000, latest: open.latest });
    expect(lost.points.at(-1)).toMatchObject({ transfers: null, p50: null });
    expect(liveReducer(lost, { type: "lost", now_ms: START_MS + 4000 })).toBe(lost);
  });

  test("resumes with the next sample", () => {
    const resumed = run([sample(9)], lost);
    expect(resumed).toMatchObject({ connection: "open", lostAt_ms: null });
    expect(story(resumed)).toEqual(["lost", "resumed"]);
    expect(resumed.points).toHaveLength(3);
  });

  test("that never opened is no event", () => {
    expect(liveReducer(LIVE_START, { type: "lost", now_ms: START_MS })).toMatchObject({
      connection: "lost",
      events: [],
      points: [],
    });
  });
});

test("a site's death and the takeover are told in order", () => {
  const dead = site("east-1", { state: "down", role: null, pid: null });
  const state = run([
    sample(0),
    sample(1, { leader: null, sites: [dead, site("east-2"), site("south-1")] }),
    sample(2, {
      leader: "south-1",
      epoch: 4,
      sites: [dead, site("east-2"), site("south-1", { role: "leader" })],
    }),
    sample(3, { leader: "south-1", epoch: 4, sites: [site("east-1"), site("east-2"), site("south-1")] }),
  ]);
  expect(story(state)).toEqual(["down east-1", "leaderless", "leader south-1 4", "up east-1"]);
  expect(state.events.map(({ n }) => n)).toEqual([4, 3, 2, 1]);
});

test("a new epoch of the same leader is an event too", () => {
  expect(story(run([sample(0), sample(1, { epoch: 4 })]))).toEqual(["leader east-1 4"]);
});
