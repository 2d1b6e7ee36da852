"""Entry point: claims stdin and stdout for the protocol, then serves until stdin ends."""

import os
import sys
import threading

# Byte code of this package is written whatever is said of others; it would be compiled at every start.
_told, sys.dont_write_bytecode = sys.dont_write_bytecode, False

from amalgam_worker.channel import Channel  # noqa: E402
from amalgam_worker.handlers import HANDLERS, import_torch  # noqa: E402
from amalgam_worker.server import serve  # noqa: E402

sys.dont_write_bytecode = _told


def claim_stdio() -> Channel:
    """Moves the protocol to private descriptors, so that nothing printed here or by a child can reach it."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Channel(incoming, outgoing)


def main() -> None:
    """Serves; the import of torch starts at once because planning takes about as long on the other side."""
    channel = claim_stdio()
    threading.Thread(target=import_torch, daemon=True).start()
    serve(channel, HANDLERS)


if __name__ == "__main__":
    main()
