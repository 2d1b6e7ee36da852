import { basename } from 'node:path';
import { printable } from '../format.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { ModelLocation } from '../hub/reference.js';
import { methodSpec } from '../protocol/methods.js';
import type { Recipe } from '../recipe/recipe.js';
import { stringifyYaml } from '../yaml.js';
import { makesAdapter } from './adapters/space.js';

const repositories = (model: OpenedModel): string[] =>
  [model.reference.model, model.reference.adapter]
    .filter((location): location is ModelLocation & { kind: 'hub' } => location?.kind === 'hub')
    .map(({ repository }) => repository);

/** Local paths mean nothing to a reader and may say too much: only the folder's name is shown. */
const publicName = ({ reference }: OpenedModel): string => {
  const name = (location: ModelLocation) =>
    location.kind === 'hub' ? location.repository : basename(location.kind === 'folder' ? location.path : 'unknown');
  return reference.adapter === null ? name(reference.model) : `${name(reference.model)} + ${name(reference.adapter)}`;
};

/** A fence longer than any run of backticks inside, so that no text can close it. */
const fenced = (text: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}yaml\n${text.trimEnd()}\n${fence}`;
};

/** The merged model's README.md: lineage for the Hub, method, models and the recipe. */
export const modelCard = (recipe: Recipe, models: readonly OpenedModel[]): string => {
  const isAdapter = makesAdapter(recipe);
  const bases = [
    ...new Set(models.flatMap((model) => (isAdapter ? repositories(model).slice(0, 1) : repositories(model)))),
  ];
  const relation = isAdapter ? 'adapter' : 'merge';
  const front = {
    ...(bases.length === 0 ? {} : { base_model: bases, base_model_relation: relation }),
    library_name: isAdapter ? 'peft' : 'transformers',
    tags: ['merge', 'amalgam'],
  };
  const spec = recipe.method === null ? null : methodSpec(recipe.method);
  const list = models.map((model) => `- ${printable(publicName(model)).replace(/[<>[\]`]/g, '\\$&')}`).join('\n');
  return `---
${stringifyYaml(front).trimEnd()}
---

# Merged ${isAdapter ? 'adapter' : 'model'}

Made with amalgam, method \`${recipe.method}\`${spec === null ? '' : ` (${spec.source}). ${spec.summary}`}

## Models

${list}

## Recipe

${fenced(recipe.source.text)}
`;
};
