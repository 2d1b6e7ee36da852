import { expect, test } from 'vitest';
import { editJson } from '../../src/plan/edit-json.js';

const keep = (text: string) => editJson(text, (value) => value).replace(/\s+/g, '');

test.each([
  '{"a":1.0,"b":1,"c":-0.0,"d":1e-06,"e":[1.50,2],"f":12345678901234567890}',
  String.raw`{"text":"1.0 and \"2.0\" and \\","nested":{"x":3.0}}`,
  '{}',
])('%s keeps every number as written', (text) => {
  expect(keep(text)).toBe(text.replace(/\s+/g, ''));
});

test('what is edited changes, the rest does not', () => {
  expect(JSON.parse(editJson('{"a":1.0,"b":2}', ({ a }) => ({ a, c: [3] })))).toEqual({ a: 1, c: [3] });
  expect(editJson('{"a":1.0}', (value) => ({ ...value, dtype: 'x' }))).toBe('{\n  "a": 1.0,\n  "dtype": "x"\n}\n');
});
