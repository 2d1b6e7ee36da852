"""How much memory this process holds."""

from __future__ import annotations

import resource
import sys


def anonymous_bytes() -> int:
    """Resident anonymous memory now, in bytes; where that is not told, the peak of all that is resident."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
