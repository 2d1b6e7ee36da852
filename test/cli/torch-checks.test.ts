import { describe, expect, test } from 'vitest';
import { torchChecks } from '../../src/cli/torch-checks.js';

const gpu = (free: number | null) => ({ name: 'NVIDIA H100', total: free === null ? null : 80e9, free });
const report = (...devices: ReturnType<typeof gpu>[]) => ({ version: '2.9.0', devices });
const lines = (...given: Parameters<typeof torchChecks>) =>
  torchChecks(...given).map(({ name, state, text }) => [name, state, text]);

describe('what the doctor says of torch', () => {
  test('names each GPU, its memory and the workers that would start', () => {
    expect(lines(report(gpu(79e9), gpu(0.4e9)), '12.8')).toEqual([
      ['torch', 'ok', '2.9.0, on 2 GPUs'],
      ['cuda:0', 'ok', 'NVIDIA H100, 79.0 GB free of 80.0 GB'],
      ['cuda:1', 'warning', 'NVIDIA H100, 400 MB free of 80.0 GB'],
      ['workers', 'ok', 'up to 2 workers, one for each GPU that --device allows'],
    ]);
    expect(lines(report(gpu(null)), '12.8')).toEqual([
      ['torch', 'ok', '2.9.0, on 1 GPU'],
      ['cuda:0', 'ok', 'NVIDIA H100, memory unknown'],
      ['workers', 'ok', 'one works, on that GPU'],
    ]);
  });

  test('tells a build without a GPU from one for the processor, and a torch that is broken', () => {
    expect(lines(report(), null)).toEqual([['torch', 'ok', '2.9.0, on the CPU']]);
    expect(lines(report(), '12.8')).toEqual([
      ['torch', 'warning', '2.9.0 is built for CUDA 12.8, but sees no GPU: CPU only'],
    ]);
    expect(lines('no module named torch', null)).toEqual([
      ['torch', 'failed', 'cannot be imported: no module named torch'],
    ]);
  });

  test('has a fix for what is wrong', () => {
    for (const check of [
      ...torchChecks('broken', null),
      ...torchChecks(report(), '12.8'),
      ...torchChecks(report(gpu(1)), '12.8').filter(({ name }) => name === 'cuda:0'),
    ]) {
      expect(check.fix).toMatch(/\S/);
    }
  });
});
