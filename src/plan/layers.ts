/** A tensor's place in a stack of layers. */
export type LayerPlace = { readonly stack: string; readonly index: number };

const layerNumber = /^(.*?)\.(\d+)\./;

/** The first whole-number component of a name is its layer: `model.layers.3.mlp…` is layer 3 of `model.layers`. */
export const layerPlace = (tensor: string): LayerPlace | null => {
  const match = layerNumber.exec(tensor);
  return match?.[1] === undefined ? null : { stack: match[1], index: Number(match[2]) };
};

/** Position of each tensor among the layers of its stack, 0 to 1; tensors outside a stack stand at 0, a lone layer at 1. */
export const layerPositions = (tensors: Iterable<string>): ((tensor: string) => number) => {
  const depth = new Map<string, number>();
  for (const tensor of tensors) {
    const place = layerPlace(tensor);
    if (place !== null) depth.set(place.stack, Math.max(depth.get(place.stack) ?? 0, place.index + 1));
  }
  return (tensor) => {
    const place = layerPlace(tensor);
    if (place === null) return 0;
    const layers = depth.get(place.stack) ?? 1;
    return layers === 1 ? 1 : place.index / (layers - 1);
  };
};
