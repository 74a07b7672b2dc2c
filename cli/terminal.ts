import { styleText } from 'node:util';
import { type Problem, problemText } from '../config/problem.js';

/** Prints problems on stderr, one a line, in colour where a person is looking and has not said no to it. */
export function printProblems(problems: readonly Problem[], wantsColor: boolean): void {
  const isColored = wantsColor && process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  const lines = problems.map((problem) => {
    const { severity } = problem;
    const word = isColored ? styleText(severity === 'error' ? 'red' : 'yellow', severity) : severity;
    return `${word}: ${problemText(problem)}\n`;
  });
  process.stderr.write(lines.join(''));
}

/** Does `onClosed` when whoever read our output has gone (`| head`), in place of dying with a stack trace. */
export function onClosedOutput(onClosed: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onClosed();
    });
  }
}
