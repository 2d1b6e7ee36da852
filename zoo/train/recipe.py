"""Every number of the training runs; the same for all seeds."""

from .adapters import AdapterRecipe
from .mixture import BaseShares
from .optimise import Schedule

BASE_SHARES = BaseShares(
    paragraphs=0.30,
    equations=0.15,
    copies=0.25,
    arithmetic=0.12,
    knowledge=0.12,
    summaries=0.18,
    arithmetic_wrong=0.7,
    knowledge_wrong=0.75,
    copied_event=0.6,
    copied_first=0.3,
)

DECODER_BASE = Schedule(steps=3000, rate=2e-3, warmup=100, weight_decay=0.05)
DECODER_BASE_ROWS = 8
DECODER_SPECIALISTS = {
    "arithmetic": Schedule(steps=200, rate=6e-4, warmup=10),
    "knowledge": Schedule(steps=200, rate=1e-3, warmup=20),
    "summary": Schedule(steps=80, rate=4e-4, warmup=10),
}
DECODER_CORNER = Schedule(steps=80, rate=1e-3, warmup=10)
SPECIALIST_ROWS = 12
SPECIALIST_REPLAY = 0.3

ADAPTER_BASE_NAME = "zoo/decoder/base"
ADAPTERS = (
    AdapterRecipe(
        "arithmetic",
        16,
        32,
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        Schedule(steps=200, rate=3e-3, warmup=10),
    ),
    AdapterRecipe(
        "summary",
        8,
        16,
        ("q_proj", "v_proj", "o_proj", "down_proj"),
        Schedule(steps=120, rate=3e-3, warmup=10),
    ),
)

ENCODER_DECODER_BASE = Schedule(steps=1500, rate=2e-3, warmup=60, weight_decay=0.05)
ENCODER_DECODER_EXAMPLES = 80
ENCODER_DECODER_SPECIALISTS = {
    "knowledge": Schedule(steps=200, rate=1e-3, warmup=10),
    "summary": Schedule(steps=100, rate=1e-3, warmup=10),
}
ENCODER_DECODER_CORNER = Schedule(steps=80, rate=1e-3, warmup=10)
