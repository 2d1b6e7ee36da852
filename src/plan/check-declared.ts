import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import { type Recipe, type RecipeSource, sourcesOf } from '../recipe/recipe.js';

type Kind = 'decoder' | 'encoder_decoder';

/** What config.json says, or where it is silent, what the tensors are called. */
const kindOf = ({ checkpoint: { config, tensors } }: OpenedModel): Kind => {
  const names = [...tensors.keys()];
  const hasBoth = ['encoder', 'decoder'].every((part) => names.some((name) => name.split('.').includes(part)));
  const isEncoderDecoder = config?.is_encoder_decoder ?? hasBoth;
  return isEncoderDecoder === true ? 'encoder_decoder' : 'decoder';
};

const architectureFaults = ({ source, kit, adapterBase }: Recipe, models: readonly OpenedModel[]): Fault[] => {
  const declared = kit?.architecture ?? null;
  const other = declared === null ? undefined : models.find((model) => kindOf(model) !== declared);
  if (other === undefined) return [];
  const name = other.adapter === null ? other.reference.text : (adapterBase?.text ?? other.reference.text);
  return [
    source.faultAt(['architecture'], {
      code: 'wrong-architecture',
      message: `\`architecture\` is ${declared}, but ${name} is of the kind ${kindOf(other)}`,
      hint: `write \`architecture: ${kindOf(other)}\`, or leave it out`,
      exitCode: exitCodes.incompatible,
    }),
  ];
};

type Listed = { readonly written: RecipeSource; readonly opened: OpenedModel };

const peftFaults = ({ source, kit }: Recipe, listed: readonly Listed[]): Fault[] => {
  const declared = kit?.isPeft ?? null;
  if (declared === null) return [];
  return listed
    .filter(({ opened }) => (opened.adapter !== null) !== declared)
    .map(({ written }) => {
      const { text } = written.reference;
      return source.faultAt(written.path, {
        code: 'wrong-is-peft',
        message: declared
          ? `\`is_peft\` is true, but ${text} is a whole model`
          : `\`is_peft\` is false, but ${text} is an adapter`,
        hint: `leave \`is_peft\` out: it is told from the files`,
        exitCode: exitCodes.incompatible,
      });
    });
};

/** Whether what a starter-kit config declares of its models is what they are. */
export const checkDeclared = (recipe: Recipe, open: (written: RecipeSource) => OpenedModel | null): Fault[] => {
  const listed = sourcesOf(recipe).flatMap((written) => {
    const opened = open(written);
    return opened === null ? [] : [{ written, opened }];
  });
  const models = listed.map(({ opened }) => opened);
  // The base is no adapter, whatever `is_peft` says.
  const merged = listed.filter(({ written }) => written.path[0] === 'list_models');
  return [...architectureFaults(recipe, models), ...peftFaults(recipe, merged)];
};
