import type { MethodName } from '../protocol/methods.js';
import type { Dtype, Step, StepInput } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Holder } from '../tokenizer/align-rows.js';
import type { Group, Member } from './group.js';
import { storedShape } from './logits-bias.js';
import type { ModelTable } from './model-table.js';
import type { OperationTable } from './operations.js';
import type { OutlinedTensor } from './outline.js';
import type { SliceRoles } from './roles.js';
import type { RowMapTable } from './row-maps.js';
import { type FileTable, isPlain, planned, stepInput } from './steps.js';
import { isMergeable, promote } from './tensor-view.js';

/** A tensor of the output and the tensors that it is made of. */
export type GroupedTensor = { readonly tensor: OutlinedTensor; readonly group: Group };

export type DraftedStep = { readonly step: Omit<Step, 'output'>; readonly dtype: Dtype };

export type DraftContext = {
  readonly recipe: Recipe;
  readonly method: MethodName;
  readonly models: ModelTable;
  readonly table: OperationTable;
  readonly rows: RowMapTable;
  readonly files: FileTable;
};

const noRows: ReadonlyMap<number, number> = new Map();

/** Turns groups into steps, each with its operation and the type that its output is stored in. */
export const draftSteps = (
  grouped: readonly GroupedTensor[],
  { recipe, method, models, table, rows: maps, files }: DraftContext,
): DraftedStep[] => {
  const holderOf = (roles: SliceRoles, { index, view }: Member): Holder => {
    const participant = roles.all[index];
    return { model: participant === undefined ? 0 : models.indexOf(participant), rows: view.shape[0] ?? 0 };
  };
  const rowsOf = (
    { tensor, group: { rows, shape } }: GroupedTensor,
    holders: readonly Holder[],
  ): ReadonlyMap<number, number> => {
    if (rows === 'own') return noRows;
    return (rows === 'aligned' ? maps.aligned : maps.cropped(shape[0] ?? 0))(holders, tensor.name);
  };
  const draft = ({ tensor, group }: GroupedTensor): DraftedStep => {
    const { roles } = tensor;
    const inputFor = ({ index, view }: Member): StepInput => {
      const participant = roles.all[index];
      if (!participant?.opened) throw new Error(`${tensor.name} is of a model that was not opened`);
      const model = models.indexOf(participant);
      return stepInput(model, participant.opened, view, files, rows.get(model) ?? null);
    };
    const shape = planned(group.shape);
    const members = group.base === null ? group.inputs : [group.base, ...group.inputs];
    const rows = rowsOf(
      { tensor, group },
      members.map((member) => holderOf(roles, member)),
    );
    const base = group.base === null ? null : inputFor(group.base);
    const inputs = group.inputs.map(inputFor);
    const stored = promote(members.map(({ view }) => view.dtype));
    const drafted = (operation: number | null, dtype: Dtype): DraftedStep => ({
      step: { tensor: tensor.name, shape: planned(storedShape(tensor.name, shape)), operation, base, inputs },
      dtype,
    });
    if (!isMergeable(stored)) return drafted(null, stored);
    const dtype = recipe.outputDtype ?? stored;
    const isCopy = dtype === stored && inputs[0] !== undefined && isPlain(inputs[0], shape);
    if (group.how === 'copy') return drafted(isCopy ? null : table.unchanged(), dtype);
    const operation = table.indexFor(tensor, group.inputs);
    const isUnchanged = method === 'passthrough' && table.operations[operation]?.perInput[0]?.scale === 1;
    return drafted(isUnchanged && isCopy ? null : operation, dtype);
  };
  return grouped.map(draft);
};
