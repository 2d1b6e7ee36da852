"""What is merged with both programs."""

from parity.cases.adapters import adapter_cases
from parity.cases.architectures import architecture_cases, crime_cases, head_cases, stacked_family_cases
from parity.cases.case import Case
from parity.cases.grid import grid_cases
from parity.cases.layers import file_cases, module_cases, stack_cases, type_cases
from parity.cases.parameters import parameter_cases
from parity.cases.vocabularies import vocabulary_cases


def all_cases() -> list[Case]:
    """Every case of the suite, grouped."""
    return [
        *grid_cases(),
        *parameter_cases(),
        *stack_cases(),
        *module_cases(),
        *type_cases(),
        *file_cases(),
        *architecture_cases(),
        *stacked_family_cases(),
        *head_cases(),
        *crime_cases(),
        *vocabulary_cases(),
        *adapter_cases(),
    ]
