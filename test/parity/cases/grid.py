"""Every method on whole models, with gradients and filters, and on slices; float32 and bfloat16 inputs."""

from collections.abc import Iterator

from parity.cases.case import Case, Recipe, model
from parity.cases.methods import METHODS, MethodCases

PLAIN, VARIED = 0, 1
TUNES = ("a", "b", "c")


def _per_input(method: MethodCases, number: int, kind: int) -> Recipe:
    return {name: values[number][kind] for name, values in method.per_input.items()}


def _shared(method: MethodCases, kind: int) -> Recipe:
    return {name: values[kind] for name, values in method.shared.items()}


def _frame(method: MethodCases, folder: str, kind: int) -> Recipe:
    base = {} if method.base == "none" else {"base_model": f"{folder}/base"}
    shared = _shared(method, kind)
    parameters = {"parameters": shared} if shared else {}
    return {"merge_method": method.name, **base, **parameters, "dtype": "float32"}


def _whole(method: MethodCases, folder: str, kind: int) -> Recipe:
    inputs = [model(f"{folder}/{name}", _per_input(method, i, kind)) for i, name in enumerate(TUNES)]
    listed = [model(f"{folder}/base")] if method.base == "listed" else []
    return {**_frame(method, folder, kind), "models": [*listed, *inputs[: method.inputs]]}


def _slices(method: MethodCases, folder: str) -> Recipe:
    """Two slices that overlap; in the second one, one model's layers are shifted against the others'.

    Random masks are read off updates that leave entries alone, and against another layer all entries differ.
    """
    shifted = 1 if method.comparison == "random" else 0

    def sources(starts: tuple[int, int, int], base_start: int, length: int, kind: int) -> list[Recipe]:
        base = [] if method.base == "none" else [(f"{folder}/base", base_start, {})]
        inputs = [
            (f"{folder}/{TUNES[i]}", starts[i], _per_input(method, i, kind)) for i in range(method.inputs)
        ]
        return [
            model(name, parameters, layer_range=[start, start + length])
            for name, start, parameters in [*base, *inputs]
        ]

    second: Recipe = {"sources": sources((1, shifted, 1), 1, 3, VARIED)}
    shared = _shared(method, VARIED)
    if shared:
        second["parameters"] = shared
    first: Recipe = {"sources": sources((0, 0, 0), 0, 2, PLAIN)}
    return {**_frame(method, folder, PLAIN), "slices": [first, second]}


def _varies(method: MethodCases) -> bool:
    return bool(method.shared or method.per_input)


def grid_cases() -> Iterator[Case]:
    """All methods x {float32, bfloat16} inputs x {whole models, gradients and filters, slices}."""
    for method in METHODS:
        for dtype in ("float32", "bfloat16"):
            folder = f"./llama-{dtype}"
            forms = {"whole": _whole(method, folder, PLAIN), "slices": _slices(method, folder)}
            if _varies(method):
                forms["gradients"] = _whole(method, folder, VARIED)
            for form, recipe in forms.items():
                yield Case(
                    group=method.name,
                    name=f"{method.name}-{dtype}-{form}",
                    recipe=recipe,
                    comparison=method.comparison,
                    options={"random_seed": 11} if method.comparison == "random" else {},
                    differences=method.differences,
                )
