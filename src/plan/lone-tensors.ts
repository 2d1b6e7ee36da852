/** What a method does with an optional tensor that some of its models lack. */
export type LonePolicy =
  /** Merges those that have it. */
  | 'present'
  /** Takes it as it is where exactly one model has it. */
  | 'pass'
  /** Takes it as it is where only the base has it. */
  | 'pass-base'
  /** Takes the base's where only the base has it, leaves it out where there are too few. */
  | 'base-or-drop'
  /** Needs the base's and at least one other. */
  | 'base';

const policies: Readonly<Record<string, LonePolicy>> = {
  linear: 'present',
  karcher: 'present',
  passthrough: 'present',
  slerp: 'pass',
  nuslerp: 'pass',
  arcee_fusion: 'pass',
  nearswap: 'pass-base',
  model_stock: 'base-or-drop',
};

/** As mergekit 0.1.5 decides it; methods that add to a base need the base's tensor. */
export const lonePolicy = (method: string): LonePolicy => policies[method] ?? 'base';
