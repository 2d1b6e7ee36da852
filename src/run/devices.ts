import { exitCodes, UserError } from '../errors.js';
import type { Device } from '../protocol/messages.js';

/** Output bytes below which another worker costs more than it saves. */
const worthAWorker = 500_000_000;

/** The devices that a request names, as far as that can be told before a worker has listed those that there are. */
export const namedDevices = (request: string): string[] => request.split(',').map((name) => name.trim());

const noDevice = (name: string, devices: readonly Device[]): UserError =>
  new UserError({
    code: 'no-device',
    message: `there is no device ${name}`,
    hint: `devices here: ${devices.map((device) => device.name).join(', ')}`,
    exitCode: exitCodes.failed,
  });

/**
 * The devices that merge, one for each worker: those of a list such as `cuda:0,cuda:2` as they stand; for `auto` and
 * `cuda` every GPU, but no more than the output is worth.
 */
export const mergingDevices = (request: string, devices: readonly Device[], bytesWritten: number): string[] => {
  const names = namedDevices(request);
  if (names.length > 1) {
    const missing = names.find((name) => devices.every((device) => device.name !== name));
    if (missing !== undefined) throw noDevice(missing, devices);
    return names;
  }
  const gpus = devices.flatMap(({ name }) => (name === 'cpu' ? [] : [name]));
  if ((request !== 'auto' && request !== 'cuda') || gpus.length === 0) return [request === 'auto' ? 'cpu' : request];
  return gpus.slice(0, Math.max(1, Math.floor(bytesWritten / worthAWorker)));
};

/** The one device that evaluates. */
export const firstDevice = (request: string): string => namedDevices(request)[0] ?? request;
