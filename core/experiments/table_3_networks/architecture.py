"""Parameters, depth and total stride of the networks of Table 3, counted in the networks as Keras builds them.

Only shapes are needed, so no weights are read. Keras takes seconds to import and is kept out of a page's process:
``load`` counts in a process of its own, which runs this module, and keeps the result in the data folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import BadFolder, WeightsUnavailable
from ...jobs.cancel import Cancel
from ...jobs.progress import Progress, Report
from ...networks.probe import layers, total_stride
from ...networks.weights import library
from ...networks.zoo import keras
from ...storage.atomic_files import write
from ...storage.data_folder import PROJECT, DataFolder
from ...versions import software
from .networks import TABLE_3

VERSION = 1  # of the file; a change of the way of counting raises it
FILE = "table_3.json"
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network's number of parameters, depth and total stride.

    ``depth``: layers with a kernel (convolutional and dense) on the longest path from the input to the classes.
    ``stride``: of the last feature map, in pixels of the input; § 3 calls it the subsampling factor.
    """

    parameters: int
    depth: int
    stride: int


Architectures = dict[str, Architecture]  # by the network's key


def count(name: str) -> Architecture:
    """Return the architecture of a network of Keras's zoo. Raises WeightsUnavailable without Keras."""
    network = keras.outlined(name)
    stride = total_stride(layers(network, keras.ZOO[name].preprocessing.crop))
    assert stride is not None  # each of these networks ends in a feature map
    return Architecture(network.model.count_params(), depth(network.model), stride)


def depth(model: Any) -> int:
    """Return how many layers with a kernel lie on the longest path through a Keras model."""
    longest = {id(tensor): 0 for tensor in model.inputs}
    for layer in model.layers:  # in the order in which they run
        if id(layer.output) not in longest:  # the input layer
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            longest[id(layer.output)] = max(longest[id(tensor)] for tensor in inputs) + hasattr(layer, "kernel")
    return max(longest[id(tensor)] for tensor in model.outputs)


def load(data: DataFolder) -> Architectures | None:
    """Return what ``compute`` kept in the data folder; None if it was another version or other libraries that did."""
    try:
        record = json.loads(_file(data).read_bytes())
        if record["made_by"] != _made_by():
            return None
        return {key: Architecture(**counts) for key, counts in record["networks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def compute(data: DataFolder, report: Report, cancel: Cancel) -> Architectures:
    """Return the architectures, counted in a new process, and keep them in the data folder.

    Raises:
        WeightsUnavailable: Keras is not installed, or the process failed.
        Cancelled: the process was ended before its last network.
    """
    if find_spec("keras") is None:
        library("keras", keras.PACKAGE)
    stage = "Building Keras's networks without weights"
    report(Progress(0, len(TABLE_3), stage=stage))
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder, "out"), Path(folder, "log")
        with out.open("wb") as answers, log.open("wb") as errors:
            process = subprocess.Popen([sys.executable, "-m", __name__], stdout=answers, stderr=errors, cwd=PROJECT)
        try:
            while process.poll() is None and not cancel.wait(POLL_S):
                report(Progress(len(out.read_text().splitlines()), len(TABLE_3), stage=stage))
        finally:
            process.kill()
            process.wait()
        cancel.check("the count of layers")
        if process.returncode:
            raise _failed(log.read_text(errors="replace"))
        counted = {key: Architecture(**counts) for key, counts in map(json.loads, out.read_text().splitlines())}
    record = {"made_by": _made_by(), "networks": {key: asdict(counts) for key, counts in counted.items()}}
    with suppress(BadFolder):  # where nothing can be written, the next start counts again
        write(_file(data), (json.dumps(record, indent=1) + "\n").encode())
    return counted


def _file(data: DataFolder) -> Path:
    return data.replication / FILE


def _made_by() -> dict[str, Any]:
    return {"version": VERSION, **software("keras")}


def _failed(log: str) -> WeightsUnavailable:
    reason = (log.strip().splitlines() or ["it printed nothing"])[-1]
    return WeightsUnavailable(
        f"Keras could not build the networks of Table 3 ({reason}).",
        "Their layers and parameters are counted in the networks as Keras builds them.",
        f"Reinstall it: pip install {keras.PACKAGE}",
    )


def main() -> None:
    """Print each network's key and architecture, a line of JSON each."""
    for network in TABLE_3:
        print(json.dumps([network.key, asdict(count(network.name.lower()))]), flush=True)


if __name__ == "__main__":
    main()
