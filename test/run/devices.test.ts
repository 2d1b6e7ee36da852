import { describe, expect, test } from 'vitest';
import { firstDevice, mergingDevices } from '../../src/run/devices.js';

const named = (...names: string[]) =>
  names.map((name) => ({ name, description: name, totalMemory: null, freeMemory: null }));
const cpu = named('cpu');
const two = named('cpu', 'cuda:0', 'cuda:1');
const large = 20e9;

describe('the devices of a merge', () => {
  test.each([
    ['auto', cpu, large, ['cpu']],
    ['cpu', two, large, ['cpu']],
    ['auto', two, large, ['cuda:0', 'cuda:1']],
    ['cuda', two, large, ['cuda:0', 'cuda:1']],
    ['cuda', two, 400e6, ['cuda:0']],
    ['cuda', two, 999e6, ['cuda:0']],
    ['cuda', two, 1000e6, ['cuda:0', 'cuda:1']],
    ['cuda:1', two, large, ['cuda:1']],
    ['cuda:1,cuda:0', two, 0, ['cuda:1', 'cuda:0']],
    ['cpu,cpu,cpu', cpu, 0, ['cpu', 'cpu', 'cpu']],
    // What is not there is for the worker to refuse.
    ['cuda', cpu, large, ['cuda']],
    ['cuda:7', two, large, ['cuda:7']],
  ])('%s', (request, devices, bytes, expected) => {
    expect(mergingDevices(request, devices, bytes)).toEqual(expected);
  });

  test('of a list must be there before anything begins', () => {
    expect(() => mergingDevices('cuda:0,cuda:2', two, large)).toThrow('there is no device cuda:2');
  });

  test('one evaluates', () => {
    expect(['cuda:1,cuda:0', 'auto', 'cuda'].map(firstDevice)).toEqual(['cuda:1', 'auto', 'cuda']);
  });
});
