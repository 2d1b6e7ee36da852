import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRecipes } from '../../src/recipe/find-recipes.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const recipe = 'merge_method: ties\nmodels: []\n';
write('mine.yml', recipe);
write('configs/recipes/a/kit.yaml', 'list_models: []\n');
write('too/deep/for/this.yml', recipe);
write('node_modules/x/recipe.yml', recipe);
write('out/model/config.json', '{}');
write('out/model/mergekit_config.yml', recipe);
write('compose.yml', 'services: {}\n');
write('mentions.yml', '# merge_method\nother: 1\n');
write('broken.yml', 'merge_method: [\n');

test('finds the recipes of both dialects, and nothing that only looks like one', () => {
  expect(findRecipes([folder, join(folder, 'configs/recipes')], folder)).toEqual([
    { path: 'mine.yml', title: 'mine.yml', dialect: 'mergekit', method: 'ties' },
    { path: 'configs/recipes/a/kit.yaml', title: 'a/kit.yaml', dialect: 'starter-kit', method: 'starter kit' },
  ]);
});

test('a folder that is not there holds none', () => {
  expect(findRecipes([join(folder, 'nowhere')], folder)).toEqual([]);
});
