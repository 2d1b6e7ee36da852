import { format } from 'node:util';

const levels = { log: 'info', info: 'info', debug: 'info', warn: 'warning', error: 'warning' } as const;

/** Sends what anyone prints through `console` to the log, where it cannot land on the screen; the result undoes that. */
export const captureConsole = (log: (level: 'info' | 'warning', message: string) => void): (() => void) => {
  const methods = Object.keys(levels) as (keyof typeof levels)[];
  const originals = methods.map((method) => [method, console[method]] as const);
  for (const method of methods) console[method] = (...parts: unknown[]) => log(levels[method], format(...parts));
  return () => {
    for (const [method, original] of originals) console[method] = original;
  };
};
