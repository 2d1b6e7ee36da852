import type { RunEvent } from '../events.js';
import { type Row, span } from './rows.js';

export type Failure = Pick<Extract<RunEvent, { type: 'run-failed' }>, 'code' | 'message' | 'hint'>;

/** Why a run ended: its lines, then how to get on. */
export const failureRows = ({ code, message, hint }: Failure): Row[] => {
  const [first = '', ...rest] = message.split('\n');
  return [
    [span(`error[${code}]`, 'bad'), span(`: ${first}`, 'strong')],
    ...rest.map((line): Row => [span(`  ${line}`)]),
    ...(hint === null ? [] : [[span('  = ', 'muted'), span('help', 'accent'), span(`: ${hint}`)]]),
  ];
};
