import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { MetricRow, SeriesReply, Target } from '../model/state.js';
import { spokenNumber, targetTotal } from '../model/words.js';

export interface PlotProps {
  readonly row: MetricRow;
  /** Of the first autoscaler that asks. */
  readonly target: Target | null;
  readonly samples: number;
}

const height = 150;

/** The value of a metric over time, against the target, with the replicas beside it. It is drawn while it can be seen. */
export function Plot({ row, target, samples }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const isSeen = useIsSeen(place);
  const scheme = useScheme();
  const [series, setSeries] = useState<SeriesReply | undefined>(undefined);
  useEffect(() => {
    if (!isSeen) return;
    void readSeries(row.id).then((read) => read !== undefined && setSeries(read));
  }, [isSeen, samples, row.id, row.hasHistory]);
  useEffect(() => {
    const element = place.current;
    if (!isSeen || element === null) return;
    const drawn = new uPlot(toOptions(element.clientWidth), toData(series, target), element);
    plot.current = drawn;
    const sizes = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [isSeen, scheme]);
  useEffect(() => plot.current?.setData(toData(series, target)), [series, target?.value, target?.kind]);
  return html`<div class="plot" role="img" aria-label=${label(row, series)} ref=${place}></div>`;
}

function label(row: MetricRow, series: SeriesReply | undefined): string {
  const values = (series?.values ?? []).filter((value) => value !== null);
  if (values.length === 0) return `${row.name}: no values yet`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${row.name}: between ${spokenNumber(least)} and ${spokenNumber(most)} in ${values.length} samples`;
}

async function readSeries(metric: string): Promise<SeriesReply | undefined> {
  try {
    const answer = await fetch(`/api/series?metric=${encodeURIComponent(metric)}`);
    return answer.ok ? ((await answer.json()) as SeriesReply) : undefined;
  } catch {
    // The server is away: what was drawn stays, and the head of the page says so.
    return undefined;
  }
}

function toData(series: SeriesReply | undefined, target: Target | null): uPlot.AlignedData {
  if (series === undefined) return [[], [], [], []];
  const { timesMs, values, replicas } = series;
  const counts = timesMs.map((_, at) => replicas[at] ?? null);
  return [
    timesMs.map((ms) => ms / 1000),
    [...values],
    counts.map((count) => (target === null ? null : targetTotal(target, count))),
    counts,
  ];
}

function toOptions(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: color('soft'), font: '12px system-ui, sans-serif', ticks: { show: false } };
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const stepwise = steps === undefined ? {} : { paths: steps };
  const told = (_: uPlot, value: number | null): string => (value === null ? '–' : spokenNumber(value));
  return {
    width,
    height,
    scales: { x: { time: true }, y: { range: fromZero }, replicas: { range: lowerHalf } },
    cursor: { points: { size: 6 } },
    axes: [
      { ...axis, grid: { show: false }, values: clockTimes, space: 70, size: 28 },
      { ...axis, grid: { stroke: color('line'), width: 1 }, size: 52, values: numbers },
      {
        ...axis,
        scale: 'replicas',
        side: 1,
        grid: { show: false },
        size: 34,
        values: wholeNumbers,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      },
    ],
    series: [
      { label: 'time', value: (_, seconds) => (seconds === null ? '–' : clockTime(seconds)) },
      { label: 'value', stroke: color('value'), width: 2, value: told, points: { show: false } },
      {
        label: 'target',
        stroke: color('target'),
        width: 1.5,
        dash: [6, 4],
        value: told,
        points: { show: false },
        ...stepwise,
      },
      {
        label: 'replicas',
        scale: 'replicas',
        stroke: color('replicas'),
        width: 1.5,
        value: told,
        points: { show: false },
        ...stepwise,
      },
    ],
  };
}

function fromZero(_: uPlot, least: number | null, most: number | null): [number, number] {
  return [Math.min(0, least ?? 0), Math.max(1, (most ?? 1) * 1.1)];
}

/** So that they do not lie on a target that grows with them. */
function lowerHalf(_: uPlot, least: number | null, most: number | null): [number, number] {
  return [Math.min(0, least ?? 0), Math.max(2, (most ?? 1) * 2)];
}

function numbers(_: uPlot, splits: number[]): string[] {
  return splits.map((value) => spokenNumber(value));
}

function wholeNumbers(_: uPlot, splits: number[]): string[] {
  return splits.map((value) => (Number.isInteger(value) ? String(value) : ''));
}

function clockTimes(_: uPlot, splits: number[]): string[] {
  return splits.map(clockTime);
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, { hour12: false });
}

/** Hundreds of plots are cheap as long as only the visible ones are drawn. */
function useIsSeen(place: { readonly current: HTMLDivElement | null }): boolean {
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => setIsSeen(entries.at(-1)?.isIntersecting === true), {
      rootMargin: '200px',
    });
    if (place.current !== null) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return isSeen;
}

function useScheme(): boolean {
  const [isDark, setIsDark] = useState(matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const take = (): void => setIsDark(media.matches);
    media.addEventListener('change', take);
    return () => media.removeEventListener('change', take);
  }, []);
  return isDark;
}
