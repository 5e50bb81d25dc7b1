import { useEffect, useState } from "react";

/** The time in milliseconds since the epoch, ticking while `running`. */
export function useNow(running: boolean, everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const tick = () => setNow(Date.now());
    // The first tick comes at once: the time kept since the last run may be long past.
    const first = setTimeout(tick);
    const timer = setInterval(tick, everyMs);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [running, everyMs]);
  return now;
}
