import type { RunEvent } from '../events.js';

/** A reader that writes each event as one line of JSON. */
export const jsonReader =
  (write: (text: string) => void): ((event: RunEvent) => void) =>
  (event) =>
    write(`${JSON.stringify(event)}\n`);
