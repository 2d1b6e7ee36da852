import type { Adapter } from '../../hub/adapter.js';
import type { Participant } from '../roles.js';

/** Whether an adapter holds the base's tensor once more, beside an update of it. */
export const repeatsBase = ({ updates, baseLayers }: Adapter, tensor: string): boolean =>
  updates.has(tensor) && baseLayers.has(tensor);

/** Whether an adapter puts a tensor of its own in place of the base's. */
export const replaces = (adapter: Adapter, tensor: string): boolean =>
  adapter.replacements.has(tensor) && !repeatsBase(adapter, tensor);

/** Whether any of them does. */
export const isReplaced = (participants: readonly Participant[], tensor: string): boolean =>
  participants.some(({ opened }) => opened?.adapter && replaces(opened.adapter, tensor));
