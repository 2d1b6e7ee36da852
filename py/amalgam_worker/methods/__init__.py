"""Every merge method by its name in the protocol."""

from __future__ import annotations

from amalgam_worker.methods.linear import LINEAR
from amalgam_worker.methods.method import Method
from amalgam_worker.methods.passthrough import PASSTHROUGH
from amalgam_worker.protocol import MethodSignature

METHODS: dict[str, Method] = {
    "linear": LINEAR,
    "passthrough": PASSTHROUGH,
}


def signature(name: str) -> MethodSignature:
    """The names of a method's parameters, for the handshake."""
    method = METHODS[name]
    return MethodSignature(name, list(method.shared), list(method.per_input))
