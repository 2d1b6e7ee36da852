import { exitCodes } from '../errors.js';
import type { RunEvent } from '../events.js';
import { jsonReader } from '../report/json.js';
import { plainReader } from '../report/plain.js';
import { readRecording } from '../report/recording.js';
import { createReplay } from '../report/replay.js';
import { styleFor } from '../report/style.js';
import { type CliContext, isInteractive, widthOf } from './context.js';

export type ReplayFlags = { readonly speed: number; readonly plain?: boolean; readonly json?: boolean };

/** `amalgam replay FILE` */
export const replay = async (context: CliContext, file: string, flags: ReplayFlags): Promise<number> => {
  const events = await readRecording(file);
  const { stdout, stdin, env } = context;
  const write = (text: string) => void stdout.write(text);
  const lines: (event: RunEvent) => void = flags.json
    ? jsonReader(write)
    : plainReader({ write, style: styleFor(stdout, env), width: widthOf(context) });
  if (flags.json || flags.plain || !isInteractive(context)) {
    await createReplay({ events, speed: Number.POSITIVE_INFINITY }).play(lines);
    return exitCodes.ok;
  }
  const { openDashboard } = await import('../tui/open-dashboard.js');
  const abort = new AbortController();
  const { play, now } = createReplay({ events, speed: flags.speed });
  const dashboard = openDashboard({ stdout, stdin, title: 'replay', now, onCancel: () => abort.abort() });
  await play(dashboard.reader, abort.signal);
  if (abort.signal.aborted) dashboard.close();
  await dashboard.closed;
  return abort.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
};
