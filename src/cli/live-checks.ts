import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openLivePython } from '../bridge/pythonia.js';
import type { Check } from './doctor-checks.js';
import { describeFailure } from './failure.js';

const Devices = z.array(
  z.object({ device: z.string(), ok: z.boolean(), seconds: z.number(), problem: z.string().nullable() }),
);

/** Imports torch for real in a live Python session and multiplies two matrices on each of its devices. */
export const liveChecks = async (python: string): Promise<Check[]> => {
  const logFile = join(mkdtempSync(join(tmpdir(), 'amalgam-live-')), 'python.log');
  try {
    const live = await openLivePython({ python, logFile });
    try {
      const devices = Devices.parse(await live.call('amalgam_worker.live', 'check_devices', []));
      return devices.map(({ device, ok, seconds, problem }) => ({
        name: device,
        state: ok ? 'ok' : 'failed',
        text: ok ? `multiplies two matrices (${seconds.toFixed(2)} s)` : (problem ?? 'failed'),
        fix: ok ? null : `see ${logFile}, or choose another Python with AMALGAM_PYTHON`,
      }));
    } finally {
      await live.close();
    }
  } catch (error) {
    const { message, hint } = describeFailure(error);
    return [{ name: 'live Python', state: 'failed', text: message, fix: hint }];
  }
};
