"""Every merge method by its name in the protocol."""

from __future__ import annotations

from amalgam_worker.methods.arcee_fusion import ARCEE_FUSION
from amalgam_worker.methods.breadcrumbs import BREADCRUMBS, BREADCRUMBS_TIES
from amalgam_worker.methods.della import DELLA, DELLA_LINEAR
from amalgam_worker.methods.karcher import KARCHER
from amalgam_worker.methods.linear import LINEAR
from amalgam_worker.methods.method import Method
from amalgam_worker.methods.model_stock import MODEL_STOCK
from amalgam_worker.methods.multislerp import MULTISLERP
from amalgam_worker.methods.nearswap import NEARSWAP
from amalgam_worker.methods.nuslerp import NUSLERP
from amalgam_worker.methods.passthrough import PASSTHROUGH
from amalgam_worker.methods.ram import RAM, RAMPLUS_TL
from amalgam_worker.methods.sce import SCE
from amalgam_worker.methods.slerp import SLERP
from amalgam_worker.methods.task_arithmetic import DARE_LINEAR, DARE_TIES, TASK_ARITHMETIC
from amalgam_worker.methods.ties import TIES
from amalgam_worker.protocol import MethodSignature

METHODS: dict[str, Method] = {
    "linear": LINEAR,
    "slerp": SLERP,
    "nuslerp": NUSLERP,
    "multislerp": MULTISLERP,
    "karcher": KARCHER,
    "task_arithmetic": TASK_ARITHMETIC,
    "ties": TIES,
    "dare_linear": DARE_LINEAR,
    "dare_ties": DARE_TIES,
    "breadcrumbs": BREADCRUMBS,
    "breadcrumbs_ties": BREADCRUMBS_TIES,
    "della": DELLA,
    "della_linear": DELLA_LINEAR,
    "sce": SCE,
    "model_stock": MODEL_STOCK,
    "nearswap": NEARSWAP,
    "arcee_fusion": ARCEE_FUSION,
    "ram": RAM,
    "ramplus_tl": RAMPLUS_TL,
    "passthrough": PASSTHROUGH,
}


def signature(name: str) -> MethodSignature:
    """The names of a method's parameters, for the handshake."""
    method = METHODS[name]
    return MethodSignature(name, list(method.shared), list(method.per_input))
