"""What one thread does with pieces of tensors on a GPU: it reads ahead while earlier ones are computed."""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager

import torch

from amalgam_worker.errors import is_out_of_memory
from amalgam_worker.gpu.chunk_limit import ChunkLimit
from amalgam_worker.gpu.downloads import Downloads
from amalgam_worker.gpu.streams import Streams
from amalgam_worker.gpu.uploads import UploadWorkspace
from amalgam_worker.lane import Lane
from amalgam_worker.schedule import Piece, Schedule
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.sink import Sink
from amalgam_worker.tensors.workspace import Workspace


class GpuLane:
    """One thread's buffers on both sides of the bus; pieces are done, and handed back, some time later.

    Args:
        streams: of the device, the same for all of its lanes.
        limit: of the device, the same for all of its lanes.
    """

    def __init__(self, files: InputFiles, sink: Sink, streams: Streams, limit: ChunkLimit) -> None:
        self._files = files
        self._sink = sink
        self._streams = streams
        self._limit = limit
        self._copies = Lane(Workspace(files, torch.device("cpu")), sink)
        self._earlier_bytes_read = 0
        self._begun: deque[Piece] = deque()
        self._open()

    @property
    def bytes_read(self) -> int:
        """Bytes of the input files that were read or copied."""
        return self._earlier_bytes_read + self._workspace.bytes_read + self._copies.bytes_read

    def computing(self) -> AbstractContextManager[object]:
        """The context in which everything of this lane is called."""
        return self._streams.computing()

    def begin(self, piece: Piece) -> list[Piece]:
        """Enqueues a piece; returns the earlier ones, or itself, that are done.

        Raises:
            WorkerError: out-of-memory, even with the smallest chunks; the codes of a CPU's lane.
        """
        if piece.task.of_bytes:
            self._copies.run(piece)
            return [piece]
        start = piece.start
        while start < piece.stop:
            part = Piece(piece.task, start, self._limit.stop(piece.task, start, piece.stop))
            if self._fits(part):
                start = part.stop
            else:
                # Only here, where no frame of what failed holds memory any more.
                self._begin_anew()
                self._limit.lower(piece.task, part.stop - start)
        self._limit.succeeded()
        if piece.task.reduction is not None:
            return [piece]
        self._begun.append(piece)
        return self._written()

    def drain(self) -> list[Piece]:
        """Waits for all that was begun; returns it."""
        self._downloads.drain()
        return self._written()

    def _fits(self, part: Piece) -> bool:
        """Enqueues a part of a piece, unless the device's memory is too small."""
        try:
            part.task.keep(part.start, self._lane.run(part))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return False
        return True

    def _written(self) -> list[Piece]:
        """Takes those off that have been written in full, which happens in the order of beginning."""
        done = []
        while self._begun and not self._downloads.has(self._begun[0]):
            done.append(self._begun.popleft())
        return done

    def _open(self) -> None:
        self._workspace = UploadWorkspace(self._files, self._streams)
        self._downloads = Downloads(self._sink, self._streams)
        self._lane = Lane(self._workspace, self._sink, self._downloads.send)

    def _begin_anew(self) -> None:
        """Writes what travels, then lets all buffers go: nothing may travel into what another lane gets."""
        self._downloads.drain()
        self._streams.finish(self._streams.record("copy in"))
        self._earlier_bytes_read += self._workspace.bytes_read
        self._open()
        self._streams.release()


def work_ahead(schedule: Schedule, lane: GpuLane) -> None:
    """Does pieces until the work is complete, failed or stopped."""
    with torch.inference_mode(), lane.computing():
        try:
            while True:
                piece = schedule.take(wait=False)
                if piece is None:
                    # What is to come may need what was begun here.
                    for done in lane.drain():
                        schedule.finish(done, [])
                    piece = schedule.take()
                if piece is None:
                    return
                for done in lane.begin(piece):
                    schedule.finish(done, [])
        except BaseException as error:
            schedule.fail(error)
