/** A tensor's place in a stack of layers: `model.layers.3.mlp.up_proj.weight` is `mlp.up_proj.weight` of layer 3 of `model.layers`. */
export type LayerPlace = { readonly stack: string; readonly index: number; readonly rest: string };

const layerNumber = /^(.*?)\.(0|[1-9]\d{0,3})\.(.*)$/;

/** The first whole-number component of a name is its layer; null for tensors outside a stack. */
export const layerPlace = (tensor: string): LayerPlace | null => {
  const [, stack, index, rest] = layerNumber.exec(tensor) ?? [];
  return stack === undefined || rest === undefined ? null : { stack, index: Number(index), rest };
};

/** Position of a layer in its stack, 0 to 1; a lone layer stands at 1. */
export const layerPosition = (index: number, layers: number): number =>
  layers === 1 ? 1 : Math.min(index, layers - 1) / (layers - 1);
