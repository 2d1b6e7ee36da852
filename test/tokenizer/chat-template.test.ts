import { describe, expect, test } from 'vitest';
import { chatFormats } from '../../src/tokenizer/chat-formats.js';
import { chooseChatTemplate } from '../../src/tokenizer/choose-chat-template.js';
import { placeChatTemplate } from '../../src/tokenizer/place-chat-template.js';
import { copyTokenizer } from '../../src/tokenizer/write-tokenizer.js';
import { type FileContents, faultAt, folderOf } from './folders.js';

const files: Readonly<Record<string, string>> = { 'chat.jinja': '{{ messages }} as a file', 'empty.jinja': '' };

const choose = (text: string, folders: readonly (FileContents | null)[] = []) =>
  chooseChatTemplate({
    request: { text, path: ['chat_template'] },
    folders: folders.map((contents) => (contents === null ? null : folderOf(contents))),
    readFile: (path) => files[path],
    faultAt,
  });

const config = (chat_template: unknown): FileContents => ({ 'tokenizer_config.json': { chat_template } });

describe('`auto` chooses', () => {
  test.each<[string, (FileContents | null)[], string]>([
    ['the most frequent template', [config('a{{b}}'), config('c{{d}}'), config('c{{d}}')], 'c{{d}}'],
    ['the first of equally frequent ones', [config('a{{b}}'), config('c{{d}}')], 'a{{b}}'],
    ['by the template without the space around it', [config('c'), config(' a\n'), config('a')], 'a'],
    ['the file before the configuration', [{ ...config('old'), 'chat_template.jinja': 'new\n' }], 'new'],
    ['the configuration where the file is empty', [{ ...config('old'), 'chat_template.jinja': '\n' }], 'old'],
    [
      'the default of several',
      [
        config([
          { name: 'tool', template: 't' },
          { name: 'default', template: 'd' },
        ]),
      ],
      'd',
    ],
    ['the default of a table', [config({ tool: 't', default: 'd' })], 'd'],
    ['the template of a processor', [{ 'chat_template.json': { chat_template: 'p' } }], 'p'],
    ['among the models that have one', [null, {}, config(''), config(null), config('x')], 'x'],
  ])('%s', (_, folders, expected) => {
    expect(choose('auto', folders)).toEqual({ text: expected, faults: [] });
  });

  test('nothing, with a warning, where no model has one', () => {
    expect(choose('auto', [{}, null])).toMatchObject({
      text: null,
      faults: [{ code: 'chat-template-missing', severity: 'warning' }],
    });
  });
});

describe('a chat template is', () => {
  test('a known format', () => {
    expect(choose('chatml').text).toBe(chatFormats.chatml);
  });

  test('a file', () => {
    expect(choose('chat.jinja').text).toBe('{{ messages }} as a file');
  });

  test('a text of its own', () => {
    const text = `{% for message in messages %}${'x'.repeat(400)}\n{% endfor %}`;
    expect(choose(text)).toEqual({ text, faults: [] });
  });

  test.each(['chatlm', '{short}', 'long enough, but without any brace', 'empty.jinja', 'constructor', '/etc/hostname'])(
    'not %s',
    (text) => {
      expect(choose(text)).toMatchObject({
        text: null,
        faults: [{ code: 'chat-template-unknown', severity: 'error' }],
      });
    },
  );

  test('suggested where its name is mistyped', () => {
    expect(choose('chatlm').faults[0]?.hint).toBe('did you mean `chatml`?');
  });
});

describe('the chosen template', () => {
  const folder = folderOf({
    'tokenizer.json': '{}',
    'tokenizer_config.json': { bos_token: '<s>', chat_template: 'old' },
    'chat_template.json': '{}',
  });

  test('stands in its own file and nowhere else', () => {
    const placed = placeChatTemplate(copyTokenizer(folder), folder, 'new');
    expect(placed.map(({ name }) => name)).toEqual(['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']);
    expect(JSON.parse(placed[1]?.text ?? '')).toEqual({ bos_token: '<s>' });
    expect(placed[2]).toEqual({ name: 'chat_template.jinja', source: null, text: 'new' });
  });

  test('leaves a configuration without one as it is', () => {
    const without = folderOf({ 'tokenizer_config.json': { bos_token: '<s>' } });
    const [first] = placeChatTemplate(copyTokenizer(without), without, 'new');
    expect(first).toMatchObject({ name: 'tokenizer_config.json', text: null });
  });

  test('is taken out of a configuration that has been changed', () => {
    const changed = [
      { name: 'tokenizer_config.json', source: null, text: '{"chat_template":"old","pad_token":"<pad>"}' },
    ];
    expect(JSON.parse(placeChatTemplate(changed, folder, 'new')[0]?.text ?? '')).toEqual({ pad_token: '<pad>' });
  });
});
