"""Top-1 accuracy of the embedded networks before and after a blur is inserted; writes what their titles state.

    python -m benchmarks.inserted_blur --photos FOLDER

FOLDER: ImageNet validation photographs with labels. The table is core/networks/variants/inserted_blur.csv.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from core.datasets import find
from core.inference.engine import Engine
from core.inference.pairs import accuracy
from core.networks import registry
from core.networks.variants.derived import INSERTED_BLUR, MARK
from core.networks.variants.surgery import TAPS
from core.networks.zoo import lite
from core.storage.data_folder import DataFolder


def main() -> None:
    """Measure each network with each blur, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", required=True)
    photos = [source.read() for source in find([parser.parse_args().photos])]
    engine, rows = Engine(), []
    for name in lite.ZOO:
        for key in (lite.FAMILY + name + variant for variant in ("", *(f"{MARK}bin{taps}" for taps in TAPS))):
            result = accuracy(engine, engine.load(registry.get(key, DataFolder(Path("data")))), photos)
            if result is None:
                raise SystemExit("None of the photographs has a label that the networks know.")
            rows.append({"key": key, "top1": round(result.top1, 4), "n": result.n})
            print(rows[-1], flush=True)
    with INSERTED_BLUR.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["key", "top1", "n"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
