import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import type { Plan } from '../protocol/plan.js';

/** Entries of a list in one piece: one text of a large plan would take more memory than the plan. */
const atOnce = 50;

function* listText(list: readonly unknown[]): Generator<string> {
  for (let start = 0; start < list.length; start += atOnce) {
    const piece = JSON.stringify(list.slice(start, start + atOnce)).slice(1, -1);
    yield start === 0 ? piece : `,${piece}`;
  }
}

/** The JSON of a plan, in pieces. */
function* planText(plan: Plan): Generator<string> {
  let before = '{';
  for (const [key, value] of Object.entries(plan)) {
    yield `${before}${JSON.stringify(key)}:`;
    before = ',';
    if (Array.isArray(value)) {
      yield '[';
      yield* listText(value);
      yield ']';
    } else yield JSON.stringify(value);
  }
  yield '}\n';
}

/** Writes a plan as one line of JSON that is on the disk when this returns. */
export const writePlan = (path: string, plan: Plan): void => {
  const file = openSync(path, 'w');
  try {
    for (const piece of planText(plan)) writeFileSync(file, piece);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
