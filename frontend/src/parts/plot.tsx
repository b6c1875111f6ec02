// Figures over time, drawn by uPlot. Plots read from left to right in every language, and follow the theme.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useFormats } from "@/words/formats";

/** A line of the plot: its name, the token of its colour, and one value for each instant; null where nobody knows. */
export interface Line {
  name: string;
  colour: "accent" | "ok" | "attention" | "danger";
  values: readonly (number | null)[];
}

interface Props {
  /** What it shows, for those who do not see it. */
  label: string;
  /** Instants in seconds since 1970, rising. */
  at: readonly number[];
  lines: readonly Line[];
}

const HEIGHT = 160;
const FONT = '12px "Heebo Variable", sans-serif';

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function optionsOf(width: number, lines: readonly Line[], time: (at: Date) => string, number: (value: number) => string): uPlot.Options {
  const axis = { stroke: () => token("ink-soft"), grid: { stroke: () => token("line"), width: 1 }, ticks: { show: false }, font: FONT };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high, 1) * 1.05] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((each) => time(new Date(each * 1_000))) },
      { ...axis, size: 56, values: (_plot, ticks) => ticks.map((each) => number(each)) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour }) => ({ label: name, stroke: () => token(colour), width: 2, points: { show: false }, spanGaps: false })),
    ],
  };
}

function Key({ lines }: { lines: readonly Line[] }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm text-soft">
      {lines.map(({ name, colour }) => (
        <li key={name} className="flex items-center gap-2">
          <span aria-hidden="true" className="h-0.5 w-4 rounded-full" style={{ backgroundColor: `var(--${colour})` }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

/** `at` and `lines` are to stay the same objects while nothing changes: the plot is drawn anew for others. */
export function Plot({ label, at, lines }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const formats = useFormats();
  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const data: uPlot.AlignedData = [[...at], ...lines.map(({ values }) => [...values])];
    const plot = new uPlot(optionsOf(place.clientWidth, lines, formats.time, formats.number), data, place);
    const sizes = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
    const themes = new MutationObserver(() => plot.redraw(false, true));
    sizes.observe(place);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      sizes.disconnect();
      themes.disconnect();
      plot.destroy();
    };
  }, [at, lines, formats]);

  return (
    <figure className="grid min-w-0 gap-2">
      <figcaption className="font-medium">{label}</figcaption>
      <div ref={box} dir="ltr" role="img" aria-label={label} className="min-w-0 overflow-hidden" style={{ blockSize: HEIGHT }} />
      <Key lines={lines} />
    </figure>
  );
}
