import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  type Scalar,
  stringify,
  type Tags,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { type Fault, type FaultDescription, faultWithoutPlace } from './fault.js';
import { suggestion } from './nearest.js';

/** A path into a document: keys and indices from the root. */
export type YamlPath = readonly (string | number)[];

/** A parsed YAML text that can point at its own places. */
export type YamlSource = {
  readonly file: string;
  readonly text: string;
  /** The plain value of the document. */
  readonly value: unknown;
  /** A fault at the value (or the key) that `path` leads to. */
  readonly faultAt: (path: YamlPath, fault: FaultDescription, at?: 'key' | 'value') => Fault;
};

/** Beyond these a text is not a recipe; the parser aborts the process on deep nesting, so they are checked first. */
const maximumBytes = 1_000_000;
const maximumDepth = 64;

const deepest = (text: string): number => {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
  }
  const indent = Math.max(0, ...text.split('\n').map((line) => line.length - line.trimStart().length));
  return Math.max(most, Math.floor(indent / 2));
};

const nodeRange = (document: Document, path: YamlPath, at: 'key' | 'value'): [number, number] | undefined => {
  const parent = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent) && last !== undefined) {
    const pair = parent.items.findLast(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(last),
    );
    const node = at === 'key' ? pair?.key : (pair?.value ?? pair?.key);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  const node = document.getIn(path, true);
  if (isNode(node) && !isAlias(node) && node.range) return [node.range[0], node.range[1]];
  return path.length > 0 ? nodeRange(document, path.slice(0, -1), 'key') : undefined;
};

/** PyYAML's patterns where they are narrower than YAML 1.1: `y` is a word, and an exponent needs a point and a sign. */
const narrowed = (tag: Tags[number]): Tags[number] => {
  if (typeof tag === 'string' || !('test' in tag) || tag.test === undefined) return tag;
  if (tag.tag === 'tag:yaml.org,2002:bool') {
    return { ...tag, test: tag.test.test('yes') ? /^(yes|true|on)$/i : /^(no|false|off)$/i };
  }
  const isExponent = 'format' in tag && tag.format === 'EXP';
  return isExponent ? { ...tag, test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/ } : tag;
};

/** Keys that a mapping holds already: PyYAML takes the last, and says nothing. */
const repeatedKeys = (document: Document): Scalar[] => {
  const repeated: Scalar[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key) || key.value === '<<') continue;
        if (seen.has(key.value)) repeated.push(key);
        seen.add(key.value);
      }
    },
  });
  return repeated;
};

const wordEnd = (text: string, start: number): number =>
  start + (/^[\w-]*/.exec(text.slice(start, start + 100))?.[0].length ?? 0);

/** Parses one YAML document with PyYAML's reading of scalars (YAML 1.1, `<<` merges), or says where it is broken; repeated keys are warnings. */
export const parseYaml = (file: string, text: string): { source: YamlSource | null; faults: Fault[] } => {
  if (text.length > maximumBytes || deepest(text) > maximumDepth) {
    const message = `not a recipe: larger than ${maximumBytes / 1e6} MB or nested deeper than ${maximumDepth} levels`;
    return { source: null, faults: [faultWithoutPlace({ code: 'yaml-too-large', message }, file)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    uniqueKeys: false,
    customTags: (tags) => tags.map(narrowed),
    lineCounter: lines,
    prettyErrors: false,
  });
  const sourceLines = text.split('\n');
  const place = (offset: number, end: number) => {
    const { line, col } = lines.linePos(offset);
    const source = sourceLines[line - 1]?.replace(/\r$/, '') ?? '';
    const length = Math.max(1, Math.min(end - offset, source.length - col + 1));
    return { file, line, column: col, source, length };
  };
  const faults = [...document.errors, ...document.warnings].map((problem) => ({
    ...faultWithoutPlace({ code: `yaml-${problem.code.toLowerCase().replaceAll('_', '-')}`, message: problem.message }),
    ...place(problem.pos[0], Math.max(problem.pos[1], wordEnd(text, problem.pos[0]))),
  }));
  if (faults.length > 0) return { source: null, faults };
  const faultAt: YamlSource['faultAt'] = (path, description, at = 'value') => {
    const range = nodeRange(document, path, at);
    const fault = faultWithoutPlace(description, file);
    return range === undefined
      ? fault
      : { ...fault, ...place(range[0], text.slice(range[0], range[1]).trimEnd().length + range[0]) };
  };
  const warnings = repeatedKeys(document).map((key): Fault => {
    const message = `\`${String(key.value)}\` is written twice; the last one counts`;
    const [start, end] = key.range ?? [0, 0];
    const warning = faultWithoutPlace({ severity: 'warning', code: 'yaml-duplicate-key', message });
    return { ...warning, ...place(start, end) };
  });
  return { source: { file, text, value: document.toJS({ maxAliasCount: 100 }), faultAt }, faults: warnings };
};

/** A copy of `value` without the keys at `paths`. */
const without = (value: unknown, paths: readonly YamlPath[]): unknown => {
  const copy = structuredClone(value);
  for (const path of paths) {
    let parent: unknown = copy;
    for (const part of path.slice(0, -1)) parent = (parent as Record<string | number, unknown>)[part];
    delete (parent as Record<string | number, unknown>)[path.at(-1) ?? ''];
  }
  return copy;
};

/**
 * Checks a document against a strict schema. Unknown keys are faults with the nearest known key, but do not hide
 * what else is wrong: the rest of the document is still checked, and returned when it is right.
 */
export const validateYaml = <Schema extends z.ZodType>(
  source: YamlSource,
  schema: Schema,
  knownKeys: (path: YamlPath) => readonly string[],
): { value: z.infer<Schema> | null; faults: Fault[] } => {
  const result = schema.safeParse(source.value);
  if (result.success) return { value: result.data, faults: [] };
  const faults: Fault[] = [];
  const unknown: YamlPath[] = [];
  for (const issue of result.error.issues) {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        unknown.push([...path, key]);
        const description = {
          code: 'unknown-key',
          message: `unknown key \`${key}\``,
          hint: suggestion(key, knownKeys(path)),
        };
        faults.push(source.faultAt([...path, key], description, 'key'));
      }
    } else {
      const where = path.length === 0 ? 'the recipe' : `\`${path.join('.')}\``;
      faults.push(source.faultAt(path, { code: 'invalid-value', message: `${where}: ${issue.message}` }));
    }
  }
  const rest = schema.safeParse(without(source.value, unknown));
  return { value: rest.success ? rest.data : null, faults };
};

/** Data as a YAML text. */
export const stringifyYaml = (value: unknown): string => stringify(value, { lineWidth: 0 });
