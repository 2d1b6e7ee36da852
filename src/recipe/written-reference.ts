import { locate, type ModelLocation, type ModelReference, type SearchFolders } from '../hub/reference.js';
import type { YamlPath } from '../yaml.js';
import { invalid, isAbsent, isMapping, type Mapping, type Reading, readMapping, report } from './reading.js';

/** A model as a recipe names it; `architecture` is the class that it shall count as. */
export type WrittenReference = { readonly reference: ModelReference; readonly architecture: string | null };

type Part = { readonly text: string; readonly location: ModelLocation };

const expected = 'expected a model: a folder, `org/name`, `model+adapter`, or `{model, lora}`';

const tooMany = (reading: Reading, path: YamlPath, text: string, mark: string): undefined => {
  const what = mark === '+' ? 'adapter' : 'revision';
  const message = `\`${text}\` has more than one \`${mark}\`, so it does not say which part is the ${what}`;
  const hint = 'write it in pieces: `{model: {path, revision}, lora: {path, revision}}`';
  return report(reading, path, { code: 'invalid-reference', message, hint });
};

const count = (text: string, mark: string): number => text.split(mark).length - 1;

/** `path[@revision]`; an existing folder wins over every other reading. */
const readPart = (reading: Reading, text: string, path: YamlPath, folders: SearchFolders): Part | undefined => {
  const location = locate(text, folders);
  if (location.kind !== 'folder' && count(text, '@') > 1) return tooMany(reading, path, text, '@');
  return { text, location };
};

const fromText = (
  reading: Reading,
  text: string,
  path: YamlPath,
  folders: SearchFolders,
): ModelReference | undefined => {
  const whole = locate(text, folders);
  if (whole.kind === 'folder' || !text.includes('+')) {
    const part = readPart(reading, text, path, folders);
    return part && { text, model: part.location, adapter: null };
  }
  if (count(text, '+') > 1) return tooMany(reading, path, text, '+');
  const plus = text.indexOf('+');
  const model = readPart(reading, text.slice(0, plus), path, folders);
  const adapter = readPart(reading, text.slice(plus + 1), path, folders);
  return model && adapter && { text, model: model.location, adapter: adapter.location };
};

/** A path as text, or `{path, revision}`. */
const fromPiece = (reading: Reading, value: unknown, path: YamlPath, folders: SearchFolders): Part | undefined => {
  if (typeof value === 'string' && value !== '') return readPart(reading, value, path, folders);
  const what = 'a path, or `{path, revision}`';
  const piece = readMapping(reading, value, path, { what, known: ['path', 'revision'] });
  if (piece === undefined) return undefined;
  const { path: place, revision } = piece;
  if (typeof place !== 'string' || place === '') return invalid(reading, [...path, 'path'], 'expected a path');
  if (!isAbsent(revision) && typeof revision !== 'string') {
    return invalid(reading, [...path, 'revision'], 'expected a branch, tag or commit, as text');
  }
  return {
    text: place + (revision ? `@${revision}` : ''),
    location: locate(place, folders, revision ?? undefined),
  };
};

const fromPieces = (
  reading: Reading,
  { model, lora, override_architecture: override }: Mapping,
  path: YamlPath,
  folders: SearchFolders,
): WrittenReference | undefined => {
  const base = fromPiece(reading, model, [...path, 'model'], folders);
  const adapter = isAbsent(lora) ? null : fromPiece(reading, lora, [...path, 'lora'], folders);
  if (!isAbsent(override) && typeof override !== 'string') {
    return invalid(reading, [...path, 'override_architecture'], 'expected the name of a class');
  }
  if (base === undefined || adapter === undefined) return undefined;
  const text = adapter === null ? base.text : `${base.text}+${adapter.text}`;
  const reference = { text, model: base.location, adapter: adapter === null ? null : adapter.location };
  return { reference, architecture: override ?? null };
};

/** Reads `model[@revision][+adapter[@revision]]`, or the same in pieces. */
export const readReference = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): WrittenReference | undefined => {
  if (typeof value === 'string' && value !== '') {
    const reference = fromText(reading, value, path, folders);
    return reference && { reference, architecture: null };
  }
  if (!isMapping(value)) return invalid(reading, path, expected);
  const known = ['model', 'lora', 'override_architecture'];
  readMapping(reading, value, path, { what: 'a model', known });
  return fromPieces(reading, value, path, folders);
};
