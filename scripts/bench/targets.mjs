/** What the times shall be on two cores with models of 1.1 billion parameters in bfloat16. */
const groups = [
  {
    methods: ['linear', 'task_arithmetic', 'slerp', 'dare_linear', 'passthrough', 'nearswap'],
    stage: 1.6,
    faster: 6,
  },
  { methods: ['model_stock', 'karcher', 'multislerp', 'nuslerp', 'sce'], stage: 2.5, faster: 5 },
  { methods: ['dare_ties', 'ram'], stage: 2.5, faster: 12 },
  { methods: ['ties', 'breadcrumbs', 'breadcrumbs_ties', 'della', 'della_linear'], stage: 4, faster: 30 },
];

const megabyte = 1e6;

/**
 * The targets of a method: the merge stage in copy limits, how many times faster than mergekit the whole command is,
 * and the worker's peak memory in bytes. The times are meant for one size only.
 */
export const targetsOf = (method, { size, flags }) => {
  const memory = (flags.includes('256MiB') ? 400 : 600) * megabyte;
  const group = size === '1.1B' ? groups.find(({ methods }) => methods.includes(method)) : undefined;
  return { stage: group?.stage, faster: group?.faster, memory };
};
