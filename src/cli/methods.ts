import { exitCodes, UserError } from '../errors.js';
import { suggestion } from '../nearest.js';
import type { ParameterSpec } from '../protocol/method-spec.js';
import { MethodName, methodNames, methodSpec } from '../protocol/methods.js';
import type { CliContext } from './context.js';

const bases = { required: ' and a base', optional: ', perhaps a base', ignored: '' };

const inputsText = (name: MethodName): string => {
  const { base, inputs } = methodSpec(name);
  const { minimum, maximum } = inputs;
  const count =
    maximum === undefined ? `${minimum} or more` : minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
  return `${count} model${maximum === 1 ? '' : 's'}${bases[base]}`;
};

const parameterLines = (parameters: Readonly<Record<string, ParameterSpec>>): string[] =>
  Object.entries(parameters).map(([name, spec]) => {
    const fallback = spec.default === undefined ? 'required' : `default ${spec.default}`;
    const kind = spec.choices?.join(' | ') ?? spec.type;
    return `  ${name.padEnd(12)} ${kind}, ${fallback}: ${spec.meaning}`;
  });

const describe = (name: MethodName): string => {
  const spec = methodSpec(name);
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ['', title, ...lines]);
  return [
    `${name}: ${spec.summary}`,
    `Takes ${inputsText(name)}. Source: ${spec.source}.`,
    ...section('For the whole merge, under `parameters`:', parameterLines(spec.shared)),
    ...section('For each model, under its `parameters`:', parameterLines(spec.perInput)),
    '',
  ].join('\n');
};

/** `amalgam methods [NAME]` */
export const listMethods = async ({ stdout }: CliContext, name: string | undefined, json: boolean): Promise<number> => {
  if (name === undefined) {
    const all = methodNames.map((each) => ({ name: each, ...methodSpec(each) }));
    stdout.write(
      json
        ? `${JSON.stringify(all)}\n`
        : all.map((each) => `${each.name.padEnd(16)} ${inputsText(each.name).padEnd(24)} ${each.summary}\n`).join(''),
    );
    return exitCodes.ok;
  }
  const known = MethodName.safeParse(name);
  if (!known.success) {
    throw new UserError({
      code: 'unknown-method',
      message: `there is no method \`${name}\``,
      hint: suggestion(name, methodNames),
      exitCode: exitCodes.notFound,
    });
  }
  stdout.write(json ? `${JSON.stringify({ name: known.data, ...methodSpec(known.data) })}\n` : describe(known.data));
  return exitCodes.ok;
};
