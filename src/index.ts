// The library's door: one line per public name; test/exports.test.ts keeps the list.
export { type LivePython, openLivePython } from './bridge/pythonia.js';
export { startWorker, type Worker } from './bridge/worker.js';
export { type ExitCode, exitCodes, UserError } from './errors.js';
export { scoreboardOf } from './evaluation/scoreboard.js';
export { readTask } from './evaluation/task.js';
export { type Emit, emitterTo, RunEvent } from './events.js';
export { Fault } from './fault.js';
export { openCheckpoint } from './hub/checkpoint.js';
export { buildPlan } from './plan/build.js';
export { summarise } from './plan/summarise.js';
export { MethodName, methods } from './protocol/methods.js';
export { Plan } from './protocol/plan.js';
export { readRecipe } from './recipe/read-recipe.js';
export { evaluateModels } from './run/evaluate-models.js';
export { runMerge, withWorker } from './run/merge.js';
export { planRecipe } from './run/plan-recipe.js';
export { preparePython } from './runtime/prepare.js';
