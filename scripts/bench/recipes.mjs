const tasks = (folders, parameters) =>
  folders.map((folder) => `  - model: ${folder}\n    parameters: ${parameters}\n`).join('');

const onBase =
  (method, parameters, shared = '') =>
  (base, tunes) =>
    `models:\n${tasks(tunes, parameters)}merge_method: ${method}\nbase_model: ${base}\n${shared}dtype: bfloat16\n`;

/** The benchmarked recipes, in mergekit's dialect so that mergekit can run them too. */
export const recipes = {
  linear: (_base, tunes) => `models:\n${tasks(tunes, '{ weight: 1 }')}merge_method: linear\ndtype: bfloat16\n`,
  slerp: (base, [tune]) =>
    `models:\n  - model: ${tune}\nmerge_method: slerp\nbase_model: ${base}\nparameters: { t: 0.5 }\ndtype: bfloat16\n`,
  passthrough: (_base, [tune]) => `models:\n  - model: ${tune}\nmerge_method: passthrough\ndtype: bfloat16\n`,
  task_arithmetic: onBase('task_arithmetic', '{ weight: 0.5 }'),
  ties: onBase('ties', '{ weight: 1, density: 0.5 }'),
  dare_linear: onBase('dare_linear', '{ weight: 0.5, density: 0.5 }'),
  dare_ties: onBase('dare_ties', '{ weight: 0.5, density: 0.5 }'),
  model_stock: (base, tunes) =>
    `models:\n${tunes.map((tune) => `  - model: ${tune}\n`).join('')}merge_method: model_stock\nbase_model: ${base}\ndtype: bfloat16\n`,
};
