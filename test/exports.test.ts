import { expect, test } from 'vitest';
import * as library from '../src/index.js';

test('the library exports what it says and nothing else', () => {
  expect(Object.keys(library).sort()).toEqual([
    'Fault',
    'MethodName',
    'Plan',
    'RunEvent',
    'UserError',
    'buildPlan',
    'emitterTo',
    'evaluateModels',
    'exitCodes',
    'methods',
    'openCheckpoint',
    'openLivePython',
    'planRecipe',
    'preparePython',
    'readRecipe',
    'readTask',
    'runMerge',
    'scoreboardOf',
    'startWorker',
    'summarise',
    'withWorker',
  ]);
});
