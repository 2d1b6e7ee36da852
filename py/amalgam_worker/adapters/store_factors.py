"""Merged factors written into the output, weight by weight."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, as_completed

import torch

from amalgam_worker.adapters.merge_updates import merge_updates
from amalgam_worker.adapters.sources import updates_of
from amalgam_worker.errors import WorkerError, cancelled
from amalgam_worker.protocol import AdapterStep, FactorOutput, Plan, StepOutput
from amalgam_worker.tensors.buffers import ByteBuffer
from amalgam_worker.tensors.dtypes import TORCH_DTYPES, fits
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.sink import Sink


def store_factors(
    plan: Plan,
    numbers: Collection[int],
    files: InputFiles,
    sink: Sink,
    threads: int,
    on_done: Callable[[AdapterStep, int], None],
    stop: Callable[[], bool],
) -> int:
    """Merges and stores the factors of each of these steps that has a place for them; returns the bytes read.

    One thread does one step, so that their number does not change a bit.

    Args:
        numbers: of the adapter steps, those that are to be done.
        on_done: called with a step and the bytes that it wrote.
    Raises:
        WorkerError: cancelled; non-finite, naming the weight; read-failed, no-space, write-failed.
    """
    steps = [plan.adapter_steps[number] for number in sorted(numbers)]
    stored = [(step, step.factors) for step in steps if step.factors is not None]
    if not stored:
        return 0

    def work(step: AdapterStep, output: FactorOutput) -> AdapterStep:
        if stop():
            raise cancelled()
        with torch.inference_mode():
            merged = merge_updates(plan, step, files)
            _store(sink, step, output.a, merged.a)
            _store(sink, step, output.b, merged.b)
        return step

    with ThreadPoolExecutor(threads, "adapters", lambda: torch.set_num_threads(1)) as pool:
        futures = [pool.submit(work, step, output) for step, output in stored]
        try:
            for future in as_completed(futures):
                step = future.result()
                if step.factors is not None:
                    on_done(step, step.factors.a.bytes + step.factors.b.bytes)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return sum(_bytes_of(step) for step, _ in stored)


def _store(sink: Sink, step: AdapterStep, output: StepOutput, values: torch.Tensor) -> None:
    dtype = TORCH_DTYPES[output.dtype]
    if not fits(values, dtype):
        raise WorkerError(
            "non-finite",
            f"the update of {step.tensor} would hold values that are not finite as {output.dtype}",
            "a factor holds NaN or infinity, weights sum to zero, or the output type is too narrow",
        )
    buffer = ByteBuffer()
    buffer.tensor(dtype, values.numel()).copy_(values.reshape(-1))
    sink.write(output, 0, buffer.view(output.bytes))


def _bytes_of(step: AdapterStep) -> int:
    return sum(update.a.bytes + update.b.bytes for update in updates_of(step))
