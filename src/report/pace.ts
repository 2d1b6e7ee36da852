/** Decides which steps of a progress deserve a line: every 5 percent, or every 10 seconds. */
export type Pace = (fraction: number, milliseconds: number) => boolean;

const steps = 20;
const patience = 10_000;

export const createPace = (start: number): Pace => {
  let shownStep = 0;
  let shownAt = start;
  return (fraction, milliseconds) => {
    const step = Math.floor(fraction * steps + 1e-9);
    if (step <= shownStep && milliseconds - shownAt < patience) return false;
    shownStep = Math.max(step, shownStep);
    shownAt = milliseconds;
    return true;
  };
};
