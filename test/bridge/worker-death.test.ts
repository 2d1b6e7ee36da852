import { describe, expect, it } from 'vitest';
import { stderrTail } from '../../src/bridge/stderr-tail.js';
import { lastWords } from '../../src/bridge/worker-death.js';

describe('last words', () => {
  it('of a traceback are its exception', () => {
    const text = `noise
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/a/b.py", line 3, in <module>
    import torch
ModuleNotFoundError: No module named 'torch'
`;
    expect(lastWords(text)).toEqual(["ModuleNotFoundError: No module named 'torch'"]);
  });

  it('of chained tracebacks are the last exception', () => {
    const chained = `Traceback (most recent call last):
  File "a.py", line 1, in f
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 2, in g
RuntimeError: no operator
  with a second line
`;
    expect(lastWords(chained)).toEqual(['RuntimeError: no operator', '  with a second line']);
  });

  it('of a crash are the fatal error and its innermost frame', () => {
    const dump = `Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/a/kernel.py", line 9 in combine
  File "/a/engine.py", line 2 in run

Extension modules: torch._C, numpy.core (total: 2)
`;
    expect(lastWords(dump)).toEqual([
      'Fatal Python error: Segmentation fault',
      '  File "/a/kernel.py", line 9 in combine',
    ]);
  });

  it('of anything else are its last lines, cut to a bearable length', () => {
    expect(lastWords(`1\n2\n\n3\n4\n5${'5'.repeat(1000)}\n`)).toEqual(['2', '3', '4', '5'.repeat(400)]);
    expect(lastWords('')).toEqual([]);
  });
});

describe('the tail of stderr', () => {
  it('gives each line once, however the bytes are cut', () => {
    const lines: string[] = [];
    const tail = stderrTail((line) => lines.push(line));
    for (const byte of Buffer.from('größe\r\n10%\r20%\rdone\n\nlast 漢')) tail.write(Buffer.of(byte));
    tail.end();
    expect(lines).toEqual(['größe', '10%', '20%', 'done', 'last 漢']);
  });

  it('keeps the newest 64 Ki characters and no endless line', () => {
    const lines: string[] = [];
    const tail = stderrTail((line) => lines.push(line));
    for (let block = 0; block < 100; block += 1) tail.write(Buffer.alloc(10_000, 97 + (block % 26)));
    tail.end();
    expect(tail.text()).toHaveLength(64 * 1024);
    expect(tail.text().endsWith('v'.repeat(10_000))).toBe(true);
    expect(Math.max(...lines.map((line) => line.length))).toBe(8 * 1024);
  });

  it('shows control characters instead of obeying them', () => {
    const lines: string[] = [];
    const tail = stderrTail((line) => lines.push(line));
    tail.write(Buffer.from('\u001b]0;owned\u0007\n'));
    expect(lines).toEqual(['\\u001b]0;owned\\u0007']);
    expect(tail.text()).not.toContain('\u001b');
  });
});
