"""Examples from a data set of the Hugging Face Hub, or from a local folder in the same form."""

from collections.abc import Mapping
from typing import Any

from ..errors import WorkerError
from ..protocol import TaskData
from .packages import require_datasets
from .rows import Row, Table


def shown(data: TaskData) -> str:
    parts = [data.source, data.subset, data.split]
    return "data set " + " / ".join(part for part in parts if part)


def load(data: TaskData) -> Any:
    datasets = require_datasets()
    try:
        return datasets.load_dataset(data.source, data.subset, split=data.split, revision=data.revision)
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        hint = (
            "check id, configuration, split and network; HF_TOKEN opens a gated data set, and "
            "HF_HUB_OFFLINE=1 allows only those that were loaded before"
        )
        raise WorkerError("read-failed", f"cannot load the {shown(data)}: {reason}", hint) from error


def only_split(data: TaskData, loaded: Any) -> Any:
    if data.split is not None:
        return loaded
    splits = list(loaded)
    if len(splits) == 1:
        return loaded[splits[0]]
    message = f"the {shown(data)} has the splits {', '.join(splits)}, and the task names none"
    raise WorkerError("data-invalid", message, "name one of them as the task's split")


def read_data_set(data: TaskData, names: Mapping[str, str]) -> Table:
    """All rows of one split; only the columns of examples are read.

    Errors: `package-missing` without datasets; `read-failed` where the data set cannot be found or reached;
    `data-invalid` where the split is open.
    """
    rows = only_split(data, load(data))
    present = {own: name for own, name in names.items() if name in rows.column_names}
    wanted = rows.select_columns(list(dict.fromkeys(present.values())))
    return Table(
        source=shown(data),
        head="its columns",
        found=rows.column_names,
        names=names,
        rows=[
            Row(f"row {number}", {own: row[name] for own, name in present.items()})
            for number, row in enumerate(wanted, start=1)
        ],
        numbered=True,
    )
