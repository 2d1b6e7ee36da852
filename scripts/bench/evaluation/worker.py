"""The same tasks by amalgam's worker: same arguments and output as plain_loop.py."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "py"))

from amalgam_worker.evaluation import evaluate
from amalgam_worker.protocol import EvaluateParams, EvaluationTask, TaskData


def task_of(argument: str) -> EvaluationTask:
    path, longest, new_tokens = argument.rsplit(":", 2)
    return EvaluationTask(
        name=path,
        kind="by_row",
        data=TaskData("csv", path, None, None, None, {}),
        harness=None,
        max_sequence_length=int(longest),
        max_generation_length=int(new_tokens),
        choice_prefix="bos",
    )


def main(folder: str, threads: int, tasks: list[str]) -> None:
    params = EvaluateParams(
        job=1,
        model_path=folder,
        adapter_path=None,
        plan_path=None,
        tasks=[task_of(task) for task in tasks],
        limit=None,
        sample_seed=None,
        batch_size=None,
        device="cpu",
        threads=threads,
        kept_scores=None,
        model_key="",
    )
    results = evaluate(params, lambda event: None, lambda: False).tasks
    seconds = {result.task: result.seconds for result in results}
    predictions = {result.task: result.predictions for result in results}
    print(json.dumps({"seconds": seconds, "predictions": predictions}))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
