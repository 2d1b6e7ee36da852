import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/errors.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { failureOf } from '../rejection.js';
import {
  type Code,
  call,
  dictionary,
  global,
  int,
  long,
  ordered,
  type PickleTensor,
  tensor,
  text,
  tuple,
} from './assemble.js';
import { readPickle } from './read-bytes.js';

const canary = join(temporaryFolder(), 'canary');
const touch = `touch ${canary}`;

/** Far more than any of these takes; a reader that loops or doubles takes for ever. */
const seconds = 10;

const refusal = async (...codes: readonly Code[]) => {
  const begun = performance.now();
  const error = await failureOf(() => readPickle(...codes));
  expect(performance.now() - begun).toBeLessThan(1000 * seconds);
  expect(existsSync(canary)).toBe(false);
  expect(error.message).toContain('model.bin');
  expect(error.message.length).toBeLessThan(500);
  return error;
};

const repeated = (code: string, count: number): Buffer => Buffer.alloc(count * code.length, code, 'latin1');

describe('a pickle that would run something is refused by the name of it', () => {
  test.each<[string, Code]>([
    ['posix.system', call(global('posix', 'system'), text(touch))],
    ['os.system', call(global('os', 'system'), text(touch))],
    ['nt.system', call(global('nt', 'system'), text(touch))],
    ['builtins.eval', call(global('builtins', 'eval'), text(`open('${canary}', 'w')`))],
    ['builtins.exec', call(global('builtins', 'exec'), text(`open('${canary}', 'w')`))],
    ['__builtin__.eval', call(global('__builtin__', 'eval'), text(`open('${canary}', 'w')`))],
    ['builtins.getattr', call(global('builtins', 'getattr'), ordered, text('__class__'))],
    ['builtins.open', call(global('builtins', 'open'), text(canary), text('w'))],
    ['subprocess.Popen', call(global('subprocess', 'Popen'), text(touch))],
    ['runpy._run_code', call(global('runpy', '_run_code'), text('x'))],
    ['importlib.import_module', call(global('importlib', 'import_module'), text('os'))],
    ['operator.methodcaller', call(global('operator', 'methodcaller'), text('system'))],
    ['functools.partial', call(global('functools', 'partial'), text('x'))],
    ['torch.load', call(global('torch', 'load'), text('other.bin'))],
    ['torch.hub.load', call(global('torch.hub', 'load'), text('x'))],
    ['torch._utils._rebuild_tensor', call(global('torch._utils', '_rebuild_tensor'), text('x'))],
    ['torch.storage._load_from_bytes', call(global('torch.storage', '_load_from_bytes'), text('x'))],
    ['torch.jit.unsupported_tensor_ops.execWrapper', call(global('torch.jit.unsupported_tensor_ops', 'execWrapper'))],
    ['numpy.core.multiarray._reconstruct', call(global('numpy.core.multiarray', '_reconstruct'))],
    ['_codecs.encode', call(global('_codecs', 'encode'), text('x'))],
    ['collections.OrderedDict.__reduce__', global('collections', 'OrderedDict.__reduce__')],
    ['collections..OrderedDict', global('collections.', 'OrderedDict')],
    ['.__proto__', global('', '__proto__')],
    ['toString.constructor', global('toString', 'constructor')],
  ])('%s', async (name, code) => {
    for (const codes of [[code], [dictionary({ w: code })], ['(', code, '0']]) {
      const { code: refused, message, exitCode } = await refusal(...codes);
      expect([refused, exitCode]).toEqual(['unsupported-pickle', exitCodes.incompatible]);
      expect(message).toContain(`\`${name}\``);
    }
  });

  test('a name that would write to the terminal', async () => {
    const { message } = await refusal(global('\u001b]0;x\u0007', 'y'));
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

describe('an instruction that no tensor needs is refused', () => {
  const others = Array.from({ length: 256 }, (_, code) => code).filter(
    (code) => !'(N\x88\x89JKM\x8aGX)]}t\x85\x86\x87aesuqrhjcRQb.'.includes(String.fromCharCode(code)),
  );

  test.each([
    ['INST', `(S'${touch}'\nios\nsystem\n`, '0x53'],
    ['OBJ', '(ccollections\nOrderedDict\no', '0x6f'],
    ['NEWOBJ', 'ccollections\nOrderedDict\n)\x81', '0x81'],
    ['STACK_GLOBAL', [text('os'), text('system'), '\x93'], '0x93'],
    ['EXT1', '\x82\x01', '0x82'],
    ['PERSID', 'P0\n', '0x50'],
    ['LONG4', '\x8b\xff\xff\xff\x7f', '0x8b'],
    ['FRAME', '\x95\xff\xff\xff\xff\xff\xff\xff\x7f', '0x95'],
    ['BINUNICODE8', '\x8d\xff\xff\xff\xff\xff\xff\xff\x7f', '0x8d'],
    ['a second PROTO', '\x80\x02', '0x80'],
  ] as [string, Code, string][])('%s', async (_, code, shown) => {
    const { code: refused, message } = await refusal(code);
    expect(refused).toBe('unsupported-pickle');
    expect(message).toContain(shown);
  });

  test('or any other of them', async () => {
    expect(others).toHaveLength(256 - 30);
    for (const code of others) expect((await refusal(Buffer.from([code]))).code).toBe('unsupported-pickle');
  });
});

describe('a pickle that is not in order is damaged', () => {
  const w: PickleTensor = { shape: [2, 2] };
  const wide: readonly number[] = Array(8).fill(65536);
  test.each<[string, Code]>([
    ['nothing is left', ''],
    ['two values are left', 'NN'],
    ['a mark is left', 'N('],
    ['a value is taken from an empty stack', '\x85'],
    ['values are taken from under a mark', '](N\x86'],
    ['a list is extended from under a mark', '](Na'],
    ['a tuple has no mark', 't'],
    ['a key has no value', ['}(', text('k'), 'u']],
    ['an item is set on a list', [']', text('k'), 'Ns']],
    ['a tuple is appended to', ')Na'],
    ['something unknown is recalled', 'h\x07'],
    ['something far away is recalled', 'j\xff\xff\xff\xff'],
    ['nothing is stored', 'q\x00'],
    ['a text is longer than the pickle', 'X\xff\xff\xff\xffabc'],
    ['a text is not UTF-8', 'X\x02\x00\x00\x00\xff\xfe'],
    ['a name has no end', `c${'a'.repeat(300)}`],
    ['a name is missing', 'ccollections'],
    ['a call has no tuple', [global('collections', 'OrderedDict'), ']R']],
    ['a value is called', [int(3), ')R']],
    ['a dictionary is called', '})R'],
    ['a class of storages is called', [global('torch', 'FloatStorage'), ')R']],
    ['an element type is called', [global('torch', 'float32'), ')R']],
    ['a dictionary is called with items', call(global('collections', 'OrderedDict'), ']')],
    ['a number gets attributes', [int(3), '}b']],
    ['a tensor gets attributes', [tensor(w), '}b']],
    ['an identifier is no tuple', [text('0'), 'Q']],
    ['an identifier has no class', [tuple(text('storage'), text('FloatStorage'), text('0'), text('cpu'), int(4)), 'Q']],
    ['a tensor has no storage', call(global('torch._utils', '_rebuild_tensor_v2'), 'N', int(0), ')', ')', '\x89', '}')],
    ['a tensor has too few arguments', call(global('torch._utils', '_rebuild_tensor_v2'), 'N', int(0))],
    ['a parameter has no tensor', call(global('torch._utils', '_rebuild_parameter'), int(1), '\x88', '}')],
    ['a negative offset', dictionary({ w: tensor({ ...w, offset: int(-1) }) })],
    ['an offset that is no count', dictionary({ w: tensor({ ...w, offset: 'G\x3f\xf8\x00\x00\x00\x00\x00\x00' }) })],
    ['an offset after the end', dictionary({ w: tensor({ ...w, offset: int(1) }) })],
    ['an offset that wraps around', dictionary({ w: tensor({ ...w, offset: long(2n ** 62n) }) })],
    ['a storage larger than its entry', dictionary({ w: tensor({ ...w, elements: long(2n ** 40n) }) })],
    ['a storage smaller than its entry', dictionary({ w: tensor({ ...w, elements: int(3) }) })],
    ['a storage of another folder', dictionary({ w: tensor({ ...w, key: '../data/0' }) })],
    ['a shape larger than the storage', dictionary({ w: tensor({ shape: [5] }) })],
    ['a negative size', dictionary({ w: tensor({ shape: [-4], stride: [1] }) })],
    ['a shape whose product wraps', dictionary({ w: tensor({ shape: wide, stride: wide }) })],
    ['a rank that none has', dictionary({ w: tensor({ shape: Array(17).fill(1) as number[] }) })],
    ['fewer strides than sizes', dictionary({ w: tensor({ shape: [2, 2], stride: [1] }) })],
    ['a wider type than the storage has', dictionary({ w: tensor({ ...w, storage: 'DoubleStorage' }) })],
    ['a name with a control character', dictionary({ 'w\u001b': tensor(w) })],
  ])('where %s', async (_, code) => {
    const { code: refused, exitCode } = await refusal(code);
    expect([refused, exitCode]).toEqual(['bad-pickle', exitCodes.integrity]);
  });

  test('where one name stands for two tensors', async () => {
    const twice: Code = ['}(', text('w'), tensor({ shape: [4] }), text('w'), tensor({ shape: [2, 2] }), 'u'];
    expect((await refusal(twice)).message).toContain('`w` twice');
  });
});

describe('in bounded time and memory ends', () => {
  /** Ten doublings in a row: read out in full, it has 10^12 items. */
  const bomb: Code = [
    ']q\x00',
    ...Array.from(
      { length: 12 },
      (_, level): Code => [
        '](',
        repeated(`h${String.fromCharCode(level)}`, 10),
        'e',
        `q${String.fromCharCode(level + 1)}`,
      ],
    ),
  ];

  test.each<[string, Code]>([
    ['a tower of marks', repeated('(', 15_000_000)],
    ['a tower of lists', repeated(']', 15_000_000)],
    ['a list in a list, and so on', [repeated(']', 10_000), repeated('a', 9_999)]],
    ['a tuple in a tuple, and so on', [')', repeated('\x85', 8_000_000)]],
    ['lists that are made and thrown into another', [']', repeated('}a', 7_000_000)]],
    ['a reduction of reductions', [global('collections', 'OrderedDict'), 'q\x00', repeated('h\x00)Rb', 3_000_000)]],
    ['calls of nothing', [')', 'q\x00', repeated('h\x00R', 4_000_000)]],
    ['a list that holds itself', [']q\x00', repeated('h\x00a', 1_300_000)]],
    ['stores without end', ['N', repeated('q\x00', 7_000_000)]],
    ['lists of lists of the same list', bomb],
    ['a text of megabytes', text('x'.repeat(10_000_000))],
  ])('%s', async (_, code) => {
    const before = process.memoryUsage().rss;
    await refusal(code);
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  });
});

describe('harmless oddities are read', () => {
  test('tensors that are a size of one wide in any stride', async () => {
    const entries = await readPickle(
      dictionary({ w: tensor({ shape: [1, 4], stride: [77, 1] }), v: tensor({ shape: [0, 3], stride: [9, 9] }) }),
    );
    expect([...entries.values()].map(({ bytes }) => bytes).sort()).toEqual([0, 16]);
  });

  test('names like parts of a prototype', async () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const entries = await readPickle(
      dictionary(Object.fromEntries(names.map((name) => [name, tensor({ shape: [4] })]))),
    );
    expect([...entries.keys()].sort()).toEqual([...names].sort());
    expect(Object.prototype).not.toHaveProperty('shape');
  });
});
