"""Print the facts about this interpreter as one JSON object, without importing torch.

Run as ``python -I -B probe.py [more distribution names]``. It is the one file that must also run on Python
3.6, so that an old interpreter is reported by its version and not by a syntax error.
"""

import importlib.util
import json
import os
import re
import site
import sys
import sysconfig

WANTED = ("torch", "transformers", "numpy", "tokenizers", "safetensors", "rouge_score", "peft", "pip")
# Packages whose versions belong to the torch build; they have many names, so they are found by listing.
COMPANIONS = re.compile(r"^(nvidia[-_.].+|triton|pytorch[-_.]triton.*)$", re.IGNORECASE)
DISTRIBUTION = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)\.dist-info$")


def user_site() -> str:
    """The user's site directory, which ``-I`` hides, if this interpreter uses it; else an empty string."""
    if sys.prefix != sys.base_prefix:
        return ""
    try:
        directory = site.getusersitepackages()
    except (AttributeError, KeyError, OSError):
        return ""
    return directory if os.path.isdir(directory) else ""


def site_directories() -> "list[str]":
    """Existing directories that hold installed packages, in the order in which imports look at them."""
    paths = sysconfig.get_paths()
    listed = [user_site(), paths["purelib"], paths["platlib"]]
    listed += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    unique = []  # type: list[str]
    for directory in listed:
        if directory and directory not in unique and os.path.isdir(directory):
            unique.append(directory)
    return unique


def search_path() -> "list[str]":
    """``sys.path`` with the user's site directory first, as without ``-I``."""
    return [directory for directory in [user_site(), *sys.path] if directory]


def versions(wanted: "tuple[str, ...]") -> "dict[str, str]":
    """Versions of the installed distributions among those wanted, and of torch's companions."""
    try:
        from importlib.metadata import distributions
    except ImportError:  # Python 3.7 and older
        return {}
    path = search_path()
    found = {}  # type: dict[str, str]
    for name in wanted:
        for distribution in distributions(name=name, path=path):
            found.setdefault(name, distribution.version)
    for directory in path:
        for entry in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            match = DISTRIBUTION.match(entry)
            if match and COMPANIONS.match(match.group("name")):
                found.setdefault(match.group("name"), match.group("version"))
    return found


def torch_facts() -> "dict[str, object] | None":
    """Where torch is and for which accelerator it was built, read from its ``version.py`` as text."""
    for directory in search_path():
        package = os.path.join(directory, "torch")
        try:
            with open(os.path.join(package, "version.py"), encoding="utf-8") as stream:
                text = stream.read()
        except OSError:
            continue
        cached = importlib.util.cache_from_source(os.path.join(package, "__init__.py"))
        return {
            "directory": package,
            "cuda": assigned(text, "cuda"),
            "hip": assigned(text, "hip"),
            "compiled": os.path.exists(cached),
        }
    return None


def assigned(text: str, name: str) -> "str | None":
    """The string that a module's text assigns to a name; None if it assigns none."""
    match = re.search("^" + re.escape(name) + r"\s*(?::[^=\n]+)?=\s*(['\"])(.+?)\1", text, re.MULTILINE)
    return match.group(2) if match else None


def facts(wanted: "tuple[str, ...]") -> "dict[str, object]":
    """Everything that the choice of an interpreter needs to know."""
    stdlib = sysconfig.get_paths()["stdlib"]
    return {
        "version": ".".join(str(part) for part in sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "basePrefix": sys.base_prefix,
        "siteDirectories": site_directories(),
        "packages": versions(wanted),
        "torch": torch_facts(),
        "externallyManaged": os.path.exists(os.path.join(stdlib, "EXTERNALLY-MANAGED")),
        "hasPip": importlib.util.find_spec("pip") is not None,
        "hasEnsurepip": importlib.util.find_spec("ensurepip") is not None,
        "hasVenv": importlib.util.find_spec("venv") is not None,
    }


if __name__ == "__main__":
    print(json.dumps(facts(WANTED + tuple(sys.argv[1:]))))
