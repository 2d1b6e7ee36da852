const tasks = (folders, parameters = '') =>
  folders
    .map((folder) => `  - model: ${folder}\n${parameters === '' ? '' : `    parameters: ${parameters}\n`}`)
    .join('');

const recipe = (method, models, rest) => `models:\n${models}merge_method: ${method}\n${rest}dtype: bfloat16\n`;

const onBase =
  (method, parameters = '', shared = '') =>
  (base, tunes) =>
    recipe(method, tasks(tunes, parameters), `base_model: ${base}\n${shared}`);

const withoutBase =
  (method, parameters = '') =>
  (_base, tunes) =>
    recipe(method, tasks(tunes, parameters), '');

const ofOne =
  (method, shared = '') =>
  (base, [tune]) =>
    recipe(method, tasks([tune]), `${shared === '' ? '' : `base_model: ${base}\nparameters: ${shared}\n`}`);

const trimmed = '{ weight: 1, density: 0.5 }';
const dropped = '{ weight: 0.5, density: 0.5 }';
const banded = '{ weight: 0.5, density: 0.5, gamma: 0.01 }';
const ranked = '{ weight: 0.5, density: 0.5, epsilon: 0.1 }';

/** The benchmarked recipes, in mergekit's dialect so that mergekit can run them too. */
export const recipes = {
  linear: withoutBase('linear', '{ weight: 1 }'),
  task_arithmetic: onBase('task_arithmetic', '{ weight: 0.5 }'),
  slerp: ofOne('slerp', '{ t: 0.5 }'),
  dare_linear: onBase('dare_linear', dropped),
  passthrough: ofOne('passthrough'),
  nearswap: ofOne('nearswap', '{ t: 0.001 }'),
  model_stock: onBase('model_stock'),
  karcher: withoutBase('karcher'),
  multislerp: withoutBase('multislerp', '{ weight: 1 }'),
  nuslerp: (base, [one, other]) => recipe('nuslerp', tasks([one, other], '{ weight: 0.5 }'), `base_model: ${base}\n`),
  sce: onBase('sce', '', 'parameters: { select_topk: 0.5 }\n'),
  dare_ties: onBase('dare_ties', dropped),
  ram: onBase('ram'),
  ties: onBase('ties', trimmed),
  breadcrumbs: onBase('breadcrumbs', banded),
  breadcrumbs_ties: onBase('breadcrumbs_ties', banded),
  della: onBase('della', ranked),
  della_linear: onBase('della_linear', ranked),
};
