import { createInterface } from 'node:readline/promises';

/** What a person is asked before anything leaves the cluster. */
export interface Questioner {
  ask(question: string): Promise<string>;
}

/** On the terminal; where nobody is there, each answer is empty, which sends nothing. */
export const terminalQuestioner: Questioner = {
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      return (await Promise.race([lines.question(question), ended])).trim();
    } finally {
      lines.close();
    }
  },
};
