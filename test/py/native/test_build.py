"""Building, finding and loading the library, and everything that can be wrong with that."""

from __future__ import annotations

import os
import platform
import stat
import threading
import time
from pathlib import Path

import pytest

from amalgam_worker.native.build import SOURCES, BuildError, build, digest_of_sources, find_built
from amalgam_worker.native.compiler import Compiler, find_compiler
from amalgam_worker.native.library import LoadError, load, unload
from amalgam_worker.native.table import TABLE
from helpers.compiled import compiler, library


def script(path: Path, text: str) -> Compiler:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Compiler((str(path),))


def small_sources(folder: Path) -> Path:
    """What compiles at once."""
    folder.mkdir()
    (folder / "small.cpp").write_text('extern "C" long long small() { return 0; }')
    return folder


def test_what_was_built_is_found_and_loads(tmp_path: Path) -> None:
    assert find_built(tmp_path, compiler()) is None
    built = library()
    assert find_built(built.parent, compiler()) == built
    assert [path.name for path in built.parent.iterdir() if path.suffix != ".json"] == [built.name]
    try:
        assert load(built) == []
        assert all(kernel.call is not None for kernel, _ in TABLE)
    finally:
        unload()


def test_no_compiler_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert find_compiler({"PATH": str(tmp_path)}) is None
    assert find_compiler({"PATH": os.environ["PATH"], "CXX": "no-such-compiler"}) is None
    assert find_compiler({"PATH": os.environ["PATH"], "CXX": "g++ '"}) is None


def test_cxx_comes_first_with_its_arguments(tmp_path: Path) -> None:
    named = script(tmp_path / "mine++", "exit 0")
    found = find_compiler({"PATH": str(tmp_path), "CXX": "mine++ --quick"})
    assert found == Compiler((*named.command, "--quick"))


def test_a_failing_compiler_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    failing = script(tmp_path / "failing++", "echo 'kernels.h:1: error: no such thing' >&2; exit 1")
    with pytest.raises(BuildError, match="no such thing"):
        build(tmp_path / "cache", failing)
    assert os.listdir(tmp_path / "cache") == []


def test_a_compiler_that_makes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        build(tmp_path / "cache", script(tmp_path / "lazy++", "exit 0"))


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="file"):
        build(tmp_path / "file" / "cache", compiler())


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_library_cut_short_is_built_again(tmp_path: Path, size: int) -> None:
    sources = small_sources(tmp_path / "sources")
    whole = build(tmp_path / "cache", compiler(), sources)
    os.truncate(whole, size)
    assert find_built(tmp_path / "cache", compiler(), sources) is None
    assert not whole.exists()
    assert find_built(tmp_path / "cache", compiler(), sources) is None
    again = build(tmp_path / "cache", compiler(), sources)
    assert find_built(tmp_path / "cache", compiler(), sources) == again


def test_a_build_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    sources, cache = small_sources(tmp_path / "sources"), tmp_path / "cache"
    (sources / "tiny.cpp").write_text('extern "C" long long tiny() { return 1; }')
    (tmp_path / "full").touch()
    real = " ".join(compiler().command)
    counting = script(
        tmp_path / "counting++",
        f"""case "$*" in *tiny.cpp*)
    if [ -e {tmp_path}/full ]; then echo "error: disk full" >&2; exit 1; fi;;
esac
echo "$*" >> {tmp_path}/log
exec {real} "$@\"""",
    )
    with pytest.raises(BuildError, match="disk full"):
        build(cache, counting, sources)
    (tmp_path / "full").unlink()
    built = build(cache, counting, sources)
    compiled = [line for line in (tmp_path / "log").read_text().splitlines() if " -c " in line]
    assert ["small.cpp" in line for line in compiled] == [True, False]
    assert os.listdir(cache) == [built.name]


def test_objects_that_do_not_link_are_compiled_again(tmp_path: Path) -> None:
    sources, cache = small_sources(tmp_path / "sources"), tmp_path / "cache"
    objects = cache / f"{digest_of_sources(compiler(), sources)}.objects"
    objects.mkdir(parents=True)
    (objects / "small.o").write_bytes(b"cut short")
    with pytest.raises(BuildError):
        build(cache, compiler(), sources)
    assert build(cache, compiler(), sources).exists()


def test_another_source_or_compiler_is_another_library(tmp_path: Path) -> None:
    folder = library().parent
    sources = tmp_path / "sources"
    sources.mkdir()
    for path in SOURCES.iterdir():
        (sources / path.name).write_bytes(path.read_bytes() + b"\n")
    assert find_built(folder, compiler(), sources) is None
    assert find_built(folder, Compiler((*compiler().command, "-O1"))) is None


def test_a_file_that_is_no_library_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kernels.so"
    path.write_bytes(b"not a library")
    with pytest.raises(LoadError):
        load(path)


def test_a_library_that_nobody_used_for_long_goes_with_the_next_build(tmp_path: Path) -> None:
    old, used, fresh = (small_sources(tmp_path / name) for name in ("old", "used", "fresh"))
    cache, long_ago = tmp_path / "cache", time.time() - 31 * 24 * 3600
    for folder in (used, fresh):
        (folder / "small.cpp").write_text(f'extern "C" long long {folder.name}() {{ return 0; }}')
    unused, kept = (build(cache, compiler(), folder) for folder in (old, used))
    for path in (unused, kept):
        comparison = path.with_name(f"{path.stem}-compared.json")
        comparison.write_text("[]")
        os.utime(path, (long_ago, long_ago))
    assert find_built(cache, compiler(), used) == kept
    made = build(cache, compiler(), fresh)
    assert sorted(cache.iterdir()) == sorted([kept, kept.with_name(f"{kept.stem}-compared.json"), made])


def test_two_builders_at_once_do_not_meet(tmp_path: Path) -> None:
    sources, cache, built = small_sources(tmp_path / "sources"), tmp_path / "cache", list[Path]()
    threads = [
        threading.Thread(target=lambda: built.append(build(cache, compiler(), sources))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 2
    assert find_built(cache, compiler(), sources) in built
    assert not [name for name in os.listdir(cache) if not name.endswith(".so")]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="flags of x86-64 processors")
@pytest.mark.parametrize("without", ["-mno-avx512f", "-mno-avx"])
def test_kernels_of_lesser_processors_give_the_same_bits(tmp_path: Path, without: str) -> None:
    built = build(tmp_path, Compiler((*compiler().command, without)))
    try:
        assert load(built) == []
    finally:
        unload()


def test_a_kernel_that_differs_or_is_missing_is_left_out(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    names = [kernel.symbol for kernel, _ in TABLE]
    bodies = [f'extern "C" long long {name}() {{ return 0; }}' for name in names[:1]]
    (sources / "wrong.cpp").write_text("\n".join(bodies))
    flags = ("-fvisibility=default",)
    wrong = build(tmp_path / "cache", Compiler((*compiler().command, *flags)), sources)
    assert wrong != library()
    try:
        assert set(load(wrong)) == set(names)
        assert all(kernel.call is None for kernel, _ in TABLE)
    finally:
        unload()
