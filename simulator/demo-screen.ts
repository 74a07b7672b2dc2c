/** One workload at one moment, as the screen shows it. */
export interface Frame {
  /** What the autoscaler was last told; `undefined` when it was told nothing. */
  readonly value: number | undefined;
  /** Why it was told nothing. */
  readonly trouble: string | undefined;
  readonly replicas: number;
}

/** One column of the screen. */
export interface Column {
  readonly workload: string;
  readonly metric: string;
  /** The value that fills the bar. */
  readonly fullValue: number;
  readonly maxReplicas: number;
}

const barWidth = 12;
const replicaWidth = 10;

/** The head of the table: what each column shows. At most 100 characters wide with two columns. */
export function headLines(columns: readonly Column[]): readonly string[] {
  const width = barWidth + 8 + replicaWidth + 4;
  return [
    `        ${columns.map(({ metric }) => metric.padEnd(width)).join('  ')}`.trimEnd(),
    `  time  ${columns.map(({ workload }) => `value               replicas of ${workload}`.padEnd(width)).join('  ')}`.trimEnd(),
  ];
}

/** One line: a moment of all columns. */
export function frameLine(
  elapsedSeconds: number,
  columns: readonly Column[],
  frames: readonly (Frame | undefined)[],
): string {
  const cells = columns.map((column, index) => cell(column, frames[index]));
  return `${String(elapsedSeconds).padStart(4)} s  ${cells.join('  ')}`.trimEnd();
}

function cell(column: Column, frame: Frame | undefined): string {
  const value = frame?.value === undefined ? '–' : frame.value.toFixed(1);
  const workload = `${'■'.repeat(Math.min(replicaWidth, frame?.replicas ?? 0)).padEnd(replicaWidth)} ${String(frame?.replicas ?? 0).padStart(2)}`;
  return `${bar(frame?.value ?? 0, column.fullValue)} ${value.padStart(6)}  ${workload}`;
}

/** Eighths of a character, so that small movements show. */
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function bar(value: number, fullValue: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, value / fullValue)) * barWidth * 8);
  return `${'█'.repeat(Math.floor(filled / 8))}${eighths[filled % 8] ?? ''}`.padEnd(barWidth);
}
