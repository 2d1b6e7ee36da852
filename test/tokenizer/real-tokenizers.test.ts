import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { localFiles } from '../../src/hub/model-files.js';
import { chatFormats } from '../../src/tokenizer/chat-formats.js';
import { planTokenizer, type TokenizerPlan } from '../../src/tokenizer/plan-tokenizer.js';
import { readVocabulary } from '../../src/tokenizer/read-vocabulary.js';
import type { TokenizerRequest, TokenRequest } from '../../src/tokenizer/request.js';
import { loadTokenizer } from '../../src/tokenizer/tokenizer-files.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import { noPython, testPython, titled } from '../bridge/python.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { faultAt, referenceTo } from './folders.js';

type Seen = {
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly special: Readonly<Record<string, string>>;
  readonly all_special: readonly string[];
  readonly texts: readonly string[];
  readonly encoded: readonly (readonly number[])[];
  readonly decoded: readonly string[];
};

const script = fileURLToPath(new URL('real_tokenizers.py', import.meta.url));

/** Why nothing here runs, or undefined. */
const noTransformers =
  noPython ??
  (spawnSync(testPython, ['-c', 'import importlib.util as u, sys; sys.exit(u.find_spec("transformers") is None)'])
    .status === 0
    ? undefined
    : `${testPython} has no transformers`);

const python = (given: readonly string[], input = ''): string => {
  const { status, stdout, stderr } = spawnSync(testPython, [script, ...given], {
    encoding: 'utf8',
    input,
    maxBuffer: 1e8,
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};

const look = (...folders: string[]): Seen[] =>
  python(['look', ...folders])
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Seen => JSON.parse(line));

const names = ['byte-level', 'byte-level-chat', 'qwen', 'llama', 'llama-code', 't5', 'bert', 'named', 'legacy', 'gpt2'];

const folder = temporaryFolder();

const open = async (name: string, rows?: number): Promise<TokenizerModel> => {
  const files = localFiles(join(folder, name));
  const source = { ...files, readBytes: async (file: string) => readFileSync(join(files.path, file)) };
  const opened = await loadTokenizer(source);
  const vocabulary = opened === null ? null : readVocabulary(opened);
  return {
    name,
    reference: referenceTo(name),
    folder: opened,
    vocabulary,
    rows: rows ?? vocabulary?.size ?? null,
    path: [],
  };
};

/** Plans a tokenizer and writes its files. */
const make = (
  to: string,
  models: readonly TokenizerModel[],
  source: TokenizerRequest['source'],
  tokens: readonly TokenRequest[] = [],
): TokenizerPlan => {
  const request = { source, tokens, padToMultipleOf: null, path: [] };
  const { plan, faults } = planTokenizer({ request, models, base: 0, faultAt });
  if (plan === null) throw new Error(faults.map(({ message }) => message).join('\n'));
  const output = join(folder, to);
  mkdirSync(output);
  for (const { name, source: from, text } of plan.files) {
    if (from === null) writeFileSync(join(output, name), text ?? '');
    else copyFileSync(from, join(output, name));
  }
  return plan;
};

const idsOf = (tokens: ReadonlyMap<string, number> | undefined): Record<string, number> =>
  Object.fromEntries(tokens ?? []);

const chatTokens = ['<|im_start|>', '<|im_end|>'].map(
  (token): TokenRequest => ({ token, source: null, force: false, path: [] }),
);

/** Unions by their output folder: base, other model. */
const unions: readonly (readonly [string, string, string])[] = [
  ...['byte-level', 'qwen', 't5', 'bert', 'named', 'legacy', 'gpt2'].map(
    (name) => [`${name}+chat`, name, 'byte-level-chat'] as const,
  ),
  ['llama+code', 'llama', 'llama-code'],
];

/** Tokenizers of models with fewer rows than tokens, by their output folder. */
const cuts: readonly (readonly [string, string, number])[] = [
  ['named-291', 'named', 291],
  ['named-270', 'named', 270],
  ['llama-320', 'llama', 320],
  ['t5-30', 't5', 30],
  ['bert-80', 'bert', 80],
  ['chat-299', 'byte-level-chat', 299],
];

describe.skipIf(noTransformers !== undefined)(titled('with transformers,', noTransformers), () => {
  const seen = new Map<string, Seen>();
  const plans = new Map<string, TokenizerPlan>();

  beforeAll(async () => {
    python(['make', folder]);
    for (const [to, base, other] of unions) plans.set(to, make(to, [await open(base), await open(other)], 'union'));
    for (const [to, name, rows] of cuts) plans.set(to, make(to, [await open(name, rows)], 'base'));
    const models = [await open('byte-level'), await open('byte-level-chat')];
    plans.set('chat-tokens', make('chat-tokens', models, 'base', chatTokens));
    const folders = [...names, ...plans.keys()];
    for (const [index, result] of look(...folders.map((name) => join(folder, name))).entries()) {
      seen.set(folders[index] ?? '', result);
    }
  });

  test.each(names)('%s has the vocabulary that is read', async (name) => {
    const { vocabulary } = await open(name);
    expect(idsOf(vocabulary?.tokens)).toEqual(seen.get(name)?.vocabulary);
  });

  test.each(unions)('%s has the planned vocabulary', (to, base, other) => {
    const result = seen.get(to);
    expect(result?.vocabulary).toEqual(idsOf(plans.get(to)?.vocabulary.tokens));
    expect(result?.special).toEqual(seen.get(base)?.special);
    expect(new Set(Object.values(result?.vocabulary ?? {})).size).toBe(plans.get(to)?.vocabSize);
    for (const token of Object.keys(seen.get(other)?.vocabulary ?? {}))
      expect(result?.vocabulary).toHaveProperty([token]);
  });

  test.each(unions.filter(([, , other]) => other === 'byte-level-chat'))('%s encodes an added token as one', (to) => {
    const result = seen.get(to);
    expect(result?.encoded.at(-1)).toContain(result?.vocabulary['<|im_start|>']);
  });

  test('text survives the union of byte-level tokenizers', () => {
    const result = seen.get('byte-level+chat');
    expect(result?.decoded).toEqual(result?.texts);
  });

  test('new tokens of the recipe are one token each, and the rest is encoded as before', () => {
    const result = seen.get('chat-tokens');
    expect(result?.encoded.slice(0, 3)).toEqual(seen.get('byte-level')?.encoded.slice(0, 3));
    expect(result?.encoded[3]).toEqual(expect.arrayContaining([291, 292]));
    expect(result?.decoded).toEqual(result?.texts);
  });

  test.each(cuts)('%s has no id beyond the rows', (to, _, rows) => {
    const result = seen.get(to);
    expect(result?.vocabulary).toEqual(idsOf(plans.get(to)?.vocabulary.tokens));
    expect(Math.max(...Object.values(result?.vocabulary ?? {}))).toBe(rows - 1);
    for (const ids of result?.encoded ?? []) expect(Math.max(...ids)).toBeLessThan(rows);
  });

  test('the formats of chats are rendered as they are published', () => {
    const rendered: unknown = JSON.parse(python(['render', join(folder, 'byte-level')], JSON.stringify(chatFormats)));
    expect(rendered).toEqual({
      alpaca: [
        'Be brief.\n\n### Instruction:\nHi\n\n### Response:\nHello</s>\n\n### Instruction:\nBye\n\n### Response:\n',
        '### Instruction:\nHi\n\n### Response:\n',
      ],
      chatml: [
        '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n',
        '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
      ],
      exaone: [
        '[|system|]Be brief.[|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n[|user|]Bye\n[|assistant|]',
        '[|system|][|endofturn|]\n[|user|]Hi\n[|assistant|]',
      ],
      llama3: [
        '<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
        '<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
      ],
      mistral: ['<s>[INST] Be brief.\n\nHi [/INST] Hello</s>[INST] Bye [/INST]', '<s>[INST] Hi [/INST]'],
    });
  });
});
