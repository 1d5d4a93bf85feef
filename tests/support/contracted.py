"""Networks that tests of the contract share."""

from __future__ import annotations

from pathlib import Path

from core.storage.data_folder import EMBEDDED

NETWORK, SMALL = "embedded/resnet10.scenes-0", "embedded/resnet8.scenes32-0"  # the index's; one of 32 pixels


def kind(file: Path) -> str:
    """Name what a shipped file is of: its folder (of studies each; of shards and networks none apart), its ending."""
    where = file.relative_to(EMBEDDED.root)
    alike = where.parts[-2] in ("networks", "shards")
    name = f"{where.parent}/*{where.suffix}" if alike else str(where)
    for start in ("dial_", "figure_"):  # studies of one kind
        name = name.replace(where.parent.name, f"{start}*") if where.parent.name.startswith(start) else name
    return name
