import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { useSettings } from "../app/settings";
import type { Point } from "../live/reducer";
import { useMedia } from "../ui/useMedia";

export interface ChartSeries {
  readonly name: string;
  readonly pick: (point: Point) => number | null;
  /** The CSS variable with its colour. */
  readonly colour: string;
  readonly filled: boolean;
}

/** A moment worth a line across the chart. */
export interface ChartMark {
  readonly at_s: number;
  readonly text: string;
}

interface ChartProps {
  readonly points: readonly Point[];
  /** How much time the chart spans, in seconds, up to the newest point. */
  readonly span_s: number;
  readonly marks: readonly ChartMark[];
  readonly stale: boolean;
  readonly format: (value: number | null) => string;
  /** Two series; their names, not their functions, decide whether the chart is built anew. */
  readonly series: readonly [ChartSeries, ChartSeries];
}

const HEIGHT_PX = 190;
const FONT = '12px system-ui, "Noto Sans CJK SC", sans-serif';

/** A line chart over time. The legend shows the values under the pointer, else the newest. */
export function Chart(props: ChartProps) {
  const { points, span_s, marks, stale, format, series } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  // What the drawing callbacks read; they outlive the render that made them.
  const seen = useRef({ marks, span_s });
  const dark = useMedia("(prefers-color-scheme: dark)");
  const { theme } = useSettings();
  const look = theme === "system" ? (dark ? "dark" : "light") : theme;

  const [first, second] = series;
  const signature = `${look} ${first.colour} ${second.colour}`;
  useEffect(() => {
    if (!host.current) return;
    const element = host.current;
    const plot = new uPlot(options(element.clientWidth, series, seen, setHovered), [[], [], []], element);
    chart.current = plot;
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
    // oxlint-disable-next-line react/exhaustive-deps -- the signature stands for the series: their functions are new each render
  }, [signature]);

  useEffect(() => {
    seen.current = { marks, span_s };
    chart.current?.setData([points.map(({ at_s }) => at_s), points.map(first.pick), points.map(second.pick)]);
    // oxlint-disable-next-line react/exhaustive-deps -- as above
  }, [points, span_s, signature, marks.length]);

  const shown = (hovered === null ? undefined : points[hovered]) ?? points.at(-1);
  const legend = series.map(({ name, pick, colour }) => ({
    name,
    colour,
    text: format(shown ? pick(shown) : null),
  }));
  return (
    <figure className={stale ? "chart stale" : "chart"}>
      <figcaption className="legend">
        {legend.map(({ name, colour, text }) => (
          <span key={name}>
            <i style={{ background: `var(${colour})` }} />
            {name} <b>{text}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={host}
        className="chart-host"
        role="img"
        aria-label={legend.map(({ name, text }) => `${name} ${text}`).join("; ")}
      />
    </figure>
  );
}

type Seen = { readonly current: { readonly marks: readonly ChartMark[]; readonly span_s: number } };

function options(
  width: number,
  series: readonly ChartSeries[],
  seen: Seen,
  onHover: (index: number | null) => void,
): uPlot.Options {
  const css = getComputedStyle(document.documentElement);
  const colour = (name: string) => css.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), font: FONT, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    padding: [10, 30, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: {
        time: true,
        range: (_, min, max) => [Math.max(min, max) - seen.current.span_s, Math.max(min, max)],
      },
      // At least one unit high, so that silence is a flat line at the bottom and not noise blown up.
      y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 90, values: (_, splits) => splits.map(clock) },
      {
        ...axis,
        grid: { stroke: colour("--line"), width: 1 },
        size: 56,
        values: (_, splits) => splits.map(compact),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.name,
        stroke: colour(one.colour),
        width: 1.75,
        points: { show: false },
        ...(one.filled ? { fill: `${colour(one.colour)}24` } : {}),
      })),
    ],
    hooks: {
      setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
      draw: [(plot) => drawMarks(plot, seen.current.marks, colour("--coin"))],
    },
  };
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[], colour: string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.font = FONT.replace("12px", `${11 * ratio}px`);
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { at_s, text } of marks) {
    const x = Math.round(plot.valToPos(at_s, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const right = x + ctx.measureText(text).width + 8 * ratio > bbox.left + bbox.width;
    ctx.textAlign = right ? "right" : "left";
    ctx.fillText(text, x + (right ? -4 : 4) * ratio, bbox.top + 11 * ratio);
  }
  ctx.restore();
}

function clock(at_s: number): string {
  return new Date(at_s * 1000).toTimeString().slice(0, 8);
}

function compact(value: number): string {
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}
