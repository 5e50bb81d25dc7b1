import { type Drill, getDrill, listDrills } from "../api/client";
import type { Failure } from "../api/problem";
import { useQuery } from "../api/useQuery";

const IDLE_MS = 3000;
const RUNNING_MS = 250;

export interface NewestDrill {
  /** Null when there was none yet; undefined until that is known. */
  readonly drill: Drill | null | undefined;
  readonly failure: Failure | undefined;
  readonly refresh: () => void;
}

/** The newest drill, whoever started it: looked for calmly, and followed closely while it runs. */
export function useNewestDrill(): NewestDrill {
  const newest = useQuery(
    "drills/newest",
    async (signal) => {
      const { drills } = await listDrills(signal);
      return { drill: drills[0] ?? null };
    },
    IDLE_MS,
  );
  const found = newest.data?.drill;
  const runningId = found?.state === "running" ? found.id : null;
  const detail = useQuery(
    `drill/${runningId ?? ""}`,
    async (signal) => (runningId === null ? null : await getDrill(runningId, signal)),
    runningId === null ? null : RUNNING_MS,
  );
  return { drill: detail.data ?? found, failure: newest.failure, refresh: newest.refresh };
}
