import { useInput } from 'ink';
import { useCallback, useLayoutEffect, useRef } from 'react';
import { keyNames } from './key-names.js';

type Handler = (name: string) => void;
type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

/**
 * Calls back with the name of each key pressed, which may be several before the next frame. The callback of the newest frame is used even for a key that comes right after
 * it, where Ink, left alone, would go on with the one before until React has time for effects.
 */
export const useKeys = (handler: Handler, isActive: boolean): void => {
  const latest = useRef(handler);
  useLayoutEffect(() => {
    latest.current = handler;
  });
  const onInput = useCallback((input: string, key: InkKey) => {
    for (const name of keyNames(input, key)) latest.current(name);
  }, []);
  useInput(onInput, { isActive });
};
