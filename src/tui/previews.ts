import type { Fault, PlanSummary } from '../events.js';

export type PreviewResult = { readonly summary: PlanSummary | null; readonly faults: readonly Fault[] };

export type Preview =
  | { readonly kind: 'loading' }
  | ({ readonly kind: 'ready' } & PreviewResult)
  | { readonly kind: 'failed'; readonly message: string };

const loading: Preview = { kind: 'loading' };

/** Plans of recipes, each made once and one at a time: what was passed over meanwhile is not made. */
export const createPreviews = (make: (path: string) => Promise<PreviewResult>) => {
  const listeners = new Set<() => void>();
  let known: ReadonlyMap<string, Preview> = new Map();
  let wanted: string | null = null;
  let working = false;

  const work = async () => {
    if (working) return;
    working = true;
    while (wanted !== null && !known.has(wanted)) {
      const path: string = wanted;
      let preview: Preview;
      try {
        preview = { kind: 'ready', ...(await make(path)) };
      } catch (error) {
        preview = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
      }
      known = new Map(known).set(path, preview);
      for (const listener of listeners) listener();
    }
    working = false;
  };

  return {
    snapshot: () => known,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Makes this one next, if it is not known. */
    want: (path: string) => {
      wanted = path;
      void work();
    },
  };
};

export type Previews = ReturnType<typeof createPreviews>;

export const previewOf = (known: ReadonlyMap<string, Preview>, path: string): Preview => known.get(path) ?? loading;
