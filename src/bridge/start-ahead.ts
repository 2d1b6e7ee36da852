import { type ProcessEnd, type PythonProcess, startPython } from './process.js';

/** The module that a worker's interpreter runs. */
export const workerEntry = ['-m', 'amalgam_worker'] as const;

/** A worker that imports torch while this side still finds out whether there is something to merge. */
export type AheadWorker = {
  readonly python: string;
  /** Hands the process over; what it has printed until then goes to the first `onLine`. */
  readonly take: (onLine: ((line: string) => void) | undefined) => PythonProcess;
  /** Ends it, whoever has it, and waits until it is gone; nothing where it has ended. */
  readonly end: () => Promise<ProcessEnd>;
};

export type AheadOptions = {
  readonly python: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly entry?: readonly string[];
};

/** Starts a worker's process, without the Hub and without shaking hands. */
export const startAhead = ({ python, environment, entry = workerEntry }: AheadOptions): AheadWorker => {
  const printed: string[] = [];
  let hear = (line: string): void => void printed.push(line);
  const child = startPython({ python, entry, environment, onStderrLine: (line) => hear(line) });
  return {
    python,
    take: (onLine) => {
      if (onLine !== undefined) {
        hear = onLine;
        for (const line of printed.splice(0)) onLine(line);
      }
      return child;
    },
    end: () => {
      child.kill();
      return child.ended;
    },
  };
};
