"""torch without what only tracing needs: what is left out, and that all of it comes when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PACKAGE = str(Path(__file__).parents[2] / "py")
_KERNELS = """
names = torch._C._dispatch_get_all_op_names()
print(sorted(name for name in names if torch._C._dispatch_has_kernel_for_dispatch_key(name, "Meta")))
"""


def run(program: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {_PACKAGE!r})\n{program}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


LEAN = "from amalgam_worker.lean_torch import import_lean, import_shapes\nimport_lean()\nimport torch\n"


def test_what_only_tracing_needs_is_left_out() -> None:
    loaded = run(f"{LEAN}print(sorted(sys.modules))")
    assert "'torch.nn'" in loaded
    for name in ("torch._meta_registrations", "torch._refs", "torch._prims"):
        assert f"'{name}'" not in loaded


def test_shapes_are_told_as_by_torch_itself_once_they_were_imported() -> None:
    full = run(f"import torch\n{_KERNELS}")
    assert len(full) > 10_000
    assert run(f"{LEAN}import_shapes()\n{_KERNELS}") == full
    # Whoever imports that module gets the real one.
    assert run(f"{LEAN}import torch._meta_registrations\n{_KERNELS}") == full
    assert run(f"{LEAN}torch._meta_registrations.meta_mm\n{_KERNELS}") == full
    assert run(LEAN + _KERNELS) != full


@pytest.mark.parametrize("name", ["no_such_function", "__path__"])
def test_what_is_not_there_is_an_attribute_error(name: str) -> None:
    said = run(f"{LEAN}\ntry: torch._meta_registrations.{name}\nexcept AttributeError: print('none')")
    assert said.strip() == "none"


def test_a_torch_that_is_there_already_stays_as_it_is() -> None:
    added = run(f"import torch\nbefore = set(sys.modules)\n{LEAN}print(sorted(set(sys.modules) - before))")
    assert added.strip() == "['amalgam_worker', 'amalgam_worker.lean_torch']"


def test_a_generator_is_made_with_all_of_torch() -> None:
    program = f"{LEAN}from amalgam_worker.lean_torch import seeded\nfirst = seeded(3)\n"
    numbers = "print(torch.rand(3, generator=first).tolist(), 'torch._prims' in sys.modules)"
    plain = "import torch\nfirst = torch.Generator().manual_seed(3)\n"
    assert run(program + numbers) == run(plain + numbers)


_FAKE = """
import sys
print("torch._meta_registrations" in sys.modules)
class accelerator:
    is_available = staticmethod(lambda: {has_gpu})
"""


def run_with(folder: Path, version: str, has_gpu: bool) -> list[str]:
    """Whether a stand-in is there while torch is imported, and whether the module is there afterwards."""
    package = folder / "torch"
    package.mkdir()
    (package / "version.py").write_text(f"{version}\n", encoding="utf-8")
    (package / "__init__.py").write_text(_FAKE.format(has_gpu=has_gpu), encoding="utf-8")
    (package / "_meta_registrations.py").touch()
    program = f"sys.path.insert(0, {str(folder)!r})\n{LEAN}print('torch._meta_registrations' in sys.modules)"
    return run(program).split()


@pytest.mark.parametrize(
    ("version", "is_lean"),
    [("__version__ = '2.13.4+cu130'", True), ("__version__ = '2.14.0'", False), ("debug = False", False)],
)
def test_only_known_versions_are_imported_without_it(tmp_path: Path, version: str, is_lean: bool) -> None:
    assert run_with(tmp_path, version, has_gpu=False) == [str(is_lean), "False"]


def test_where_there_is_a_gpu_everything_is_imported(tmp_path: Path) -> None:
    assert run_with(tmp_path, "__version__ = '2.13.0'", has_gpu=True) == ["True", "True"]
