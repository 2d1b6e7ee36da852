import { formatBytes, plural } from '../format.js';
import type { TorchReport } from '../runtime/inspect.js';
import type { Check } from './doctor-checks.js';

/** With less free memory chunks would have to become smaller. */
const littleGpuMemory = 1e9;

const gpuCheck = ({ name, total, free }: TorchReport['devices'][number], index: number): Check => {
  const known = total !== null && free !== null;
  const isShort = free !== null && free < littleGpuMemory;
  return {
    name: `cuda:${index}`,
    state: isShort ? 'warning' : 'ok',
    text: known ? `${name}, ${formatBytes(free)} free of ${formatBytes(total)}` : `${name}, memory unknown`,
    fix: isShort ? 'nvidia-smi (it shows what else uses the GPU)' : null,
  };
};

const workersOn = (gpus: number): string =>
  gpus === 1 ? 'one works, on that GPU' : `up to ${plural(gpus, 'worker')}, one for each GPU that --device allows`;

/** What torch says of itself: its version, its GPUs, and how many workers a merge starts on them. */
export const torchChecks = (torch: TorchReport | string, build: string | null): readonly Check[] => {
  if (typeof torch === 'string') {
    const fix = 'set AMALGAM_PYTHON to a Python whose torch works';
    return [{ name: 'torch', state: 'failed', text: `cannot be imported: ${torch}`, fix }];
  }
  const { version, devices } = torch;
  if (devices.length > 0) {
    return [
      { name: 'torch', state: 'ok', text: `${version}, on ${plural(devices.length, 'GPU')}`, fix: null },
      ...devices.map(gpuCheck),
      { name: 'workers', state: 'ok', text: workersOn(devices.length), fix: null },
    ];
  }
  if (!build) return [{ name: 'torch', state: 'ok', text: `${version}, on the CPU`, fix: null }];
  const text = `${version} is built for CUDA ${build}, but sees no GPU: CPU only`;
  const fix = 'nvidia-smi (it shows whether the driver sees a GPU)';
  return [{ name: 'torch', state: 'warning', text, fix }];
};
