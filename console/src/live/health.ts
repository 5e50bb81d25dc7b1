/** How well a site or the platform is, as one of four tones that colour and text both express. */

import type { Platform, Site } from "../api/client";

export type Tone = "good" | "warn" | "bad" | "quiet";

/** A follower further behind than this many batches is worth a look. */
const LAG_BATCHES_CALM = 16;

export function siteTone(site: Site): Tone {
  if (site.state === "down" || site.role === "diverged") return "bad";
  if (site.state === "starting" || site.role === "starting" || site.role == null) return "warn";
  return site.lag > LAG_BATCHES_CALM ? "warn" : "good";
}

export interface Summary {
  readonly tone: Tone;
  readonly kind: "healthy" | "degraded" | "leaderless" | "diverged";
  readonly up: number;
  readonly total: number;
  /** The first diverged site's name, else empty. */
  readonly site: string;
}

/** The platform in one sentence. The worst thing wins: no leader, then a diverged site, then a missing one. */
export function summarize(platform: Platform): Summary {
  const total = platform.sites.length;
  const up = platform.sites.filter((site) => siteTone(site) === "good").length;
  const diverged = platform.sites.find((site) => site.role === "diverged")?.name ?? "";
  if (platform.leader == null) return { tone: "bad", kind: "leaderless", up, total, site: diverged };
  if (diverged) return { tone: "bad", kind: "diverged", up, total, site: diverged };
  if (up < total) return { tone: "warn", kind: "degraded", up, total, site: "" };
  return { tone: "good", kind: "healthy", up, total, site: "" };
}
