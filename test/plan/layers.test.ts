import { expect, test } from 'vitest';
import { layerPositions } from '../../src/plan/layers.js';

test('layers stand at equal steps from 0 to 1, each stack by itself, everything else at 0', () => {
  const names = [
    'shared.weight',
    'encoder.block.0.layer.0.q',
    'encoder.block.1.layer.0.q',
    'encoder.block.2.layer.1.q',
    'decoder.block.0.layer.2.q',
    'lm_head.weight',
  ];
  const positionOf = layerPositions(names);
  expect(names.map(positionOf)).toEqual([0, 0, 0.5, 1, 1, 0]);
});
