import { expect, test } from "vitest";
import type { Platform, Site } from "../api/client";
import { siteTone, summarize } from "./health";

function site(change: Partial<Site> = {}): Site {
  return {
    name: "east-1",
    city: "east",
    centre: 1,
    address: null,
    pid: 1,
    state: "up",
    role: "follower",
    epoch: 1,
    seq: 1,
    lag: 0,
    restarts: 0,
    since: "2026-11-22T13:00:00.000000000Z",
    ...change,
  };
}

function platform(sites: Site[], leader: string | null = "east-1"): Platform {
  return { version: "", started_at: "", shard: "bank", leader, epoch: 1, seq: 1, gateway: "", sites };
}

test.each<[Partial<Site>, string]>([
  [{ role: "leader" }, "good"],
  [{}, "good"],
  [{ lag: 16 }, "good"],
  [{ lag: 17 }, "warn"],
  [{ role: "starting" }, "warn"],
  [{ state: "starting", role: null }, "warn"],
  [{ role: null }, "warn"],
  [{ state: "down", role: null }, "bad"],
  [{ role: "diverged" }, "bad"],
])("a site with %j is %s", (change, tone) => expect(siteTone(site(change))).toBe(tone));

test("the platform's sentence tells the worst thing", () => {
  const down = site({ name: "east-2", state: "down" });
  const diverged = site({ name: "south-1", role: "diverged" });
  expect(summarize(platform([site(), site(), site()]))).toMatchObject({ kind: "healthy", tone: "good" });
  expect(summarize(platform([site(), down, site()]))).toMatchObject({ kind: "degraded", up: 2, total: 3 });
  expect(summarize(platform([site(), down, diverged]))).toMatchObject({ kind: "diverged", site: "south-1" });
  expect(summarize(platform([site(), down, diverged], null))).toMatchObject({
    kind: "leaderless",
    tone: "bad",
  });
});
