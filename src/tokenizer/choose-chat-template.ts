import type { Fault } from '../fault.js';
import { printable } from '../format.js';
import { suggestion } from '../nearest.js';
import type { YamlPath, YamlSource } from '../yaml.js';
import { chatFormats } from './chat-formats.js';
import { isObject, jsonOf, type TokenizerFolder, textOf } from './tokenizer-files.js';

/** What a recipe says about the chat template: `auto`, a format's name, a file, or the template itself. */
export type ChatTemplateRequest = { readonly text: string; readonly path: YamlPath };

export type ChatTemplateOptions = {
  readonly request: ChatTemplateRequest;
  /** Tokenizers of the models, in the recipe's order. */
  readonly folders: readonly (TokenizerFolder | null)[];
  /** The text of a file beside the recipe, or undefined where there is none. */
  readonly readFile: (path: string) => string | undefined;
  readonly faultAt: YamlSource['faultAt'];
};

/** A text as short as this and without these characters may be the path of a file. */
const maybePath = /^[^\n{]{1,255}$/;

/** Anything shorter is a mistyped name. */
const shortestTemplate = 20;

/** A model's own template: the one for every use where it has several. */
const templateOf = (folder: TokenizerFolder): string | undefined => {
  const file = textOf(folder, 'chat_template.jinja');
  if (file?.trim()) return file;
  for (const name of ['tokenizer_config.json', 'chat_template.json']) {
    const written = jsonOf(folder, name)?.chat_template;
    const chosen: unknown = Array.isArray(written)
      ? written.find((entry) => isObject(entry) && entry.name === 'default')?.template
      : isObject(written)
        ? written.default
        : written;
    if (typeof chosen === 'string' && chosen.trim() !== '') return chosen;
  }
  return undefined;
};

/** The template that most models have; of equally many, the first in the recipe's order. */
const mostFrequent = (folders: readonly (TokenizerFolder | null)[]): string | undefined => {
  const counts = new Map<string, number>();
  for (const folder of folders) {
    const template = folder === null ? undefined : templateOf(folder)?.trim();
    if (template !== undefined) counts.set(template, (counts.get(template) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
};

/** The chat template of the result; null: as the source of the tokenizer has it. */
export const chooseChatTemplate = ({
  request: { text, path },
  folders,
  readFile,
  faultAt,
}: ChatTemplateOptions): { text: string | null; faults: Fault[] } => {
  if (text === 'auto') {
    const found = mostFrequent(folders);
    if (found !== undefined) return { text: found, faults: [] };
    const message = 'no model has a chat template, so the result has none either';
    return { text: null, faults: [faultAt(path, { severity: 'warning', code: 'chat-template-missing', message })] };
  }
  const format = Object.hasOwn(chatFormats, text) ? chatFormats[text] : undefined;
  const template = format ?? (maybePath.test(text) ? readFile(text) : undefined) ?? text;
  if (template.length >= shortestTemplate && template.includes('{')) return { text: template, faults: [] };
  const names = ['auto', ...Object.keys(chatFormats)];
  const hint = suggestion(text, names) ?? `give a template, the path of a file, or one of: ${names.join(', ')}`;
  const message = `\`${printable(text.slice(0, 80))}\` is no chat template, no file, and no known format`;
  return { text: null, faults: [faultAt(path, { code: 'chat-template-unknown', message, hint })] };
};
