"""Embedded size at which each example photograph is most telling; writes what the first screen opens with.

    python -m benchmarks.example_sizes [--sizes FIRST LAST STEP]

At each size the photograph moves by 32 px to the right as on the page Explore. A flip is a step of one pixel at which
the network begins or ceases to give its answer to the whole photograph. The most telling size has many flips, and both
kinds of answers are common: the number of flips times the number of the rarer kind is largest. It is written to
core/datasets/example_sizes.csv; where nothing flips, it is the paper's size.
"""

from __future__ import annotations

import argparse
import csv

import torch

from core.datasets.examples import FILES, FRAME, NETWORK, SIZES, folder
from core.images.colour import in_srgb
from core.images.paths import OnBlack, default_side, path_length, shift_path
from core.images.photographs import Photograph, read
from core.inference.batching import centre_crops
from core.inference.engine import Engine, Network
from core.networks import registry
from core.storage.data_folder import DataFolder


def count(engine: Engine, network: Network, photograph: Photograph, side: int, answer: int) -> tuple[int, int]:
    """Return (flips, frames of the rarer kind of answer) along the shift curve."""
    path = shift_path(
        photograph,
        network.card.size,
        view=OnBlack(side=side),
        direction="right",
        interpolation=network.card.preprocessing.interpolation,
    )
    answers = torch.cat([part.probabilities.argmax(1) for part in engine.predict(network, path.frames)])
    same = answers == answer
    return int(same.diff().sum()), min(int(same.sum()), int((~same).sum()))


def main() -> None:
    """Measure every example at every size, and write the most telling size of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs=3, default=(60, FRAME - path_length(FRAME), 5))
    first, last, step = parser.parse_args().sizes
    engine, rows = Engine(), []
    network = engine.load(registry.get(NETWORK, DataFolder.default()))
    for name, file in FILES.items():
        photograph = in_srgb(read(folder() / file))
        [(_, whole)] = centre_crops(engine, network, [photograph])
        answer = int(whole.probabilities[0].argmax())
        counted = {side: count(engine, network, photograph, side, answer) for side in range(first, last + 1, step)}
        side = max(counted, key=lambda side: counted[side][0] * counted[side][1])
        flips = counted[side][0]
        row = {"side": side if flips else default_side(FRAME), "flips": flips, "steps": path_length(FRAME)}
        rows.append({"name": name, **row})
        print(rows[-1], counted, flush=True)
    with SIZES.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, ["name", "side", "flips", "steps"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
