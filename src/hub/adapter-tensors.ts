import { unsupportedAdapter } from './adapter-config.js';
import { type HeaderEntries, type HeaderEntry, isFloating } from './safetensors-header.js';

/** The tensors of one module's update. */
export type Factors = {
  readonly a: HeaderEntry;
  readonly b: HeaderEntry;
  readonly magnitude: HeaderEntry | null;
  readonly isEmbedding: boolean;
};

export type AdapterTensors = {
  /** By the module's name in the base. */
  readonly factors: ReadonlyMap<string, Factors>;
  /** Whole tensors, by their names in the base. */
  readonly replacements: ReadonlyMap<string, HeaderEntry>;
  /** Those that peft stored beside an update because of the update: usually what the base has. */
  readonly baseLayers: ReadonlySet<string>;
};

const prefix = /^base_model\.model\./;

/** A part of an update as peft names it, with or without the name of the adapter. */
const factorName = /^(.+)\.lora_(A|B|embedding_A|embedding_B|magnitude_vector)(?:\.default)?(?:\.weight)?$/;

/** What peft wraps around a module that it saves whole. */
const wrapper = /\.(?:base_layer|modules_to_save(?:\.default)?)(?=\.[^.]+$)/;

const placeIn = (parts: ReadonlyMap<string, HeaderEntry>, linear: string): HeaderEntry | undefined =>
  parts.get(linear) ?? parts.get(`embedding_${linear}`);

const isFactor = (entry: HeaderEntry | undefined): entry is HeaderEntry =>
  entry?.shape.length === 2 && !entry.shape.includes(0) && isFloating(entry.dtype);

const factorsOf = (folder: string, module: string, parts: ReadonlyMap<string, HeaderEntry>): Factors => {
  const [a, b] = [placeIn(parts, 'A'), placeIn(parts, 'B')];
  const magnitude = parts.get('magnitude_vector') ?? null;
  const rank = a?.shape[0] ?? 0;
  const areFactors = isFactor(a) && isFactor(b) && b.shape[1] === rank;
  const isEmbedding = parts.has('embedding_A');
  const isWhole = parts.size === (magnitude === null ? 2 : 3) && isEmbedding === parts.has('embedding_B');
  const isNorm =
    magnitude === null || (isFloating(magnitude.dtype) && String(magnitude.shape) === String(b?.shape.slice(0, 1)));
  if (!areFactors || !isWhole || !isNorm) {
    throw unsupportedAdapter(folder, `has factors of ${module} that do not fit each other`);
  }
  return { a, b, magnitude, isEmbedding };
};

/** Sorts an adapter's tensors by what they do to the base. */
export const readAdapterTensors = (folder: string, entries: HeaderEntries): AdapterTensors => {
  const modules = new Map<string, Map<string, HeaderEntry>>();
  const replacements = new Map<string, HeaderEntry>();
  const baseLayers = new Set<string>();
  for (const [written, entry] of entries) {
    const name = written.replace(prefix, '');
    const [, module, part] = factorName.exec(name) ?? [];
    if (module !== undefined && part !== undefined) {
      const parts = modules.get(module) ?? new Map<string, HeaderEntry>();
      if (parts.has(part)) throw unsupportedAdapter(folder, `holds two updates of ${module}`);
      modules.set(module, parts.set(part, entry));
    } else if (/\.(lora_|original_module\.|token_adapter\.|ia3_|vera_|oft_|boft_|ada)/.test(name)) {
      throw unsupportedAdapter(folder, `holds \`${written}\`, which is no part of a LoRA update that is known`);
    } else {
      const replaced = name.replace(wrapper, '');
      if (replacements.has(replaced)) throw unsupportedAdapter(folder, `holds ${replaced} twice`);
      replacements.set(replaced, entry);
      if (/\.base_layer\.[^.]+$/.test(name)) baseLayers.add(replaced);
    }
  }
  const factors = [...modules].map(([module, parts]) => [module, factorsOf(folder, module, parts)] as const);
  return { factors: new Map(factors), replacements, baseLayers };
};
