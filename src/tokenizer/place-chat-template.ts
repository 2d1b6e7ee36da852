import type { SideFile } from '../protocol/plan.js';
import { jsonOf, type TokenizerFolder } from './tokenizer-files.js';

/** Files in which a template may stand. */
const templateFiles = ['chat_template.jinja', 'chat_template.json'];

const configName = 'tokenizer_config.json';

/**
 * The tokenizer files with `template` as the only chat template, in chat_template.jinja; `folder` is where the files
 * that are copied come from.
 */
export const placeChatTemplate = (
  files: readonly SideFile[],
  folder: TokenizerFolder,
  template: string,
): SideFile[] => {
  const others = files.filter(({ name }) => !templateFiles.includes(name));
  return [
    ...others.map((file): SideFile => {
      if (file.name !== configName) return file;
      const config =
        file.text === null ? jsonOf(folder, configName) : (JSON.parse(file.text) as Record<string, unknown>);
      if (config === undefined || !('chat_template' in config)) return file;
      const { chat_template: _, ...rest } = config;
      return { name: configName, source: null, text: `${JSON.stringify(rest, null, 2)}\n` };
    }),
    { name: 'chat_template.jinja', source: null, text: template },
  ];
};
