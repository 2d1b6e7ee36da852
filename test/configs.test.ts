import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readTask } from '../src/evaluation/task.js';
import { planRecipe } from '../src/run/plan-recipe.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const configs = readdirSync(join(root, 'configs'), { recursive: true, encoding: 'utf8' });
const recipes = configs.filter((name) => /^(recipes\/zoo\/|kit\/.*_zoo)/.test(name) && /\.ya?ml$/.test(name));
const tasks = configs.filter((name) => name.startsWith('tasks/'));

test('there are recipes and tasks', () => {
  expect([recipes.length > 8, tasks.length > 2]).toEqual([true, true]);
});

test.each(recipes)('%s plans without a fault, from any folder', async (name) => {
  const findRepository = () => {
    throw new Error('zoo recipes need no Hub');
  };
  const { plan, faults } = await planRecipe(join(root, 'configs', name), { cwd: '/', findRepository, seed: 0 });
  expect(faults.filter(({ code }) => code !== 'lengths-lost')).toEqual([]);
  expect(plan?.steps.length).toBeGreaterThan(10);
});

test.each(tasks)('%s is a task with a dev and a test draw', (name) => {
  const file = join(root, 'configs', name);
  for (const split of ['dev', 'test'] as const) {
    const { task, faults } = readTask(file, { cwd: root, shipped: join(root, 'configs/tasks'), split });
    expect(faults).toEqual([]);
    expect(task?.name).toBe(name.replace(/^tasks\/(.*)\.yaml$/, '$1'));
  }
});
