import { expect, test } from 'vitest';
import { evaluationSettings, readTasks } from '../../src/cli/tasks.js';
import { root } from '../helpers/cli.js';

test('two tasks of one name are refused, since results go by it', () => {
  const names = ['lm_eval:one', 'lm_eval:two', 'lm_eval:one'];
  const { faults } = readTasks({ tasks: names, split: 'test' }, { cwd: root, shipped: root });
  expect(faults.map(({ code, message }) => [code, message.includes('`one`')])).toEqual([['task-twice', true]]);
});

test('scores are kept in the home of amalgam unless that is unwanted', () => {
  const context = { cwd: '/work', env: { AMALGAM_HOME: '/home/a' } };
  expect(evaluationSettings({ split: 'test' }, context, '/out/evaluation')).toEqual({
    limit: null,
    sampleSeed: null,
    batchSize: null,
    keptScores: '/home/a/scores',
    results: '/out/evaluation',
  });
  const flags = { split: 'test', keptScores: false, results: 'here', limit: 3, sampleSeed: 1, batchSize: 2 } as const;
  expect(evaluationSettings(flags, context, '/out/evaluation')).toEqual({
    limit: 3,
    sampleSeed: 1,
    batchSize: 2,
    keptScores: null,
    results: '/work/here',
  });
});
