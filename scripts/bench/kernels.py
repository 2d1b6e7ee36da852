"""Has amalgam's kernels compiled, as a large merge does in the background: prints by what, or nothing.

So that all rounds of a benchmark are measured with them, whichever comes first.
"""

from __future__ import annotations

import os

from amalgam_worker.native.build import BuildError, build, find_built
from amalgam_worker.native.compiler import find_compiler
from amalgam_worker.native.start import kernels_folder


def compiled_by() -> str | None:
    """The compiler's name and version; None where there are no compiled kernels."""
    folder, compiler = kernels_folder(os.environ), find_compiler(os.environ)
    if folder is None or compiler is None:
        return None
    try:
        find_built(folder, compiler) or build(folder, compiler)
    except BuildError:
        return None
    return compiler.version()


if __name__ == "__main__":
    print(compiled_by() or "")
