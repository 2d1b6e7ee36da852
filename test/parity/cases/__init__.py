"""What is merged with both programs."""

from parity.cases.case import Case
from parity.cases.grid import grid_cases


def all_cases() -> list[Case]:
    """Every case of the suite, grouped."""
    return [*grid_cases()]
