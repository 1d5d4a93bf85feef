"""A build on many machines: Ray Data makes the shards on every node, in a folder that all of them share.

Each worker holds the network on its device and makes one shard after the other, with the code of a build on one
machine. If a worker dies, another makes the shard it was working on. Only this file knows Ray.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..datasets import Source
from ..errors import BadFolder, IndexBroken
from ..images.colour import Colour
from ..inference.engine import Engine
from ..jobs.cancel import Cancel
from ..jobs.progress import Meter, Report
from ..networks.card import NetworkCard
from .build import SHARD_ROWS, build
from .extract import Extraction, Section
from .plan import Plan
from .sampling import Draw
from .store import Manifest


def build_with_ray(
    photos: Path | str | Sequence[Source],
    card: NetworkCard,
    out: Path,
    *,
    reference: Path | str | None = None,
    thumbnails: bool = False,
    cluster: Cluster | None = None,
    progress: Report | None = None,
    cancel: Cancel | None = None,
    shard_rows: int = SHARD_ROWS,
    draw: Draw | None = None,
    colour: Colour = "ignore",
) -> Manifest:
    """Build an index as ``build`` does, on a cluster.

    ``out`` and the photographs must lie under the same path on every node. Raises the errors of ``build``, IndexBroken
    where Ray is not installed, and BadFolder with thumbnails.
    """
    return build(
        photos,
        card,
        (),
        out.absolute(),
        reference=reference,
        thumbnails=thumbnails,
        progress=progress,
        cancel=cancel,
        shard_rows=shard_rows,
        draw=draw,
        colour=colour,
        elsewhere=cluster or Cluster(),
    )


@dataclass(frozen=True)
class Cluster:
    """The Ray cluster that makes shards.

    Args:
        workers: their number; None takes one for each GPU, or each CPU where there is none.
        address: of the cluster; None takes the cluster of this process, else starts one on this machine.
        batch: batch size of each worker's engine.
    """

    workers: int | None = None
    address: str | None = None
    batch: int | None = None

    def __call__(self, extraction: Extraction, section: Section, cuts: dict[int, list[Source]]) -> None:
        """Make these shards of a section."""
        ray: Any = _ray()
        if extraction.pack is not None:
            raise BadFolder(
                f"The index in {section.folder.parent} keeps thumbnails.",
                "Ray builds indexes without thumbnails.",
                "Build without --thumbnails, or on one machine.",
            )
        own = not ray.is_initialized()
        if own:
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        try:
            self._run(ray, extraction, section, cuts)
        finally:
            if own:
                ray.shutdown()

    def _run(self, ray: Any, extraction: Extraction, section: Section, cuts: dict[int, list[Source]]) -> None:
        held = ray.cluster_resources()
        gpus = int(held.get("GPU", 0))
        workers = min(len(cuts), self.workers or gpus or max(1, int(held.get("CPU", 1))))
        items = [{"shard": number, "files": pickle.dumps(files)} for number, files in cuts.items()]
        made = ray.data.from_items(items, override_num_blocks=len(items)).map(
            Mapper,
            fn_constructor_args=(extraction.card, extraction.plan, replace(section, files=()), self.batch),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_gpus=1 if gpus else None,
            num_cpus=None if gpus else 1,
        )
        for row in made.iter_rows():
            extraction.check(section.folder.parent)
            extraction.meter.add(row["done"], row["bad"])


class Mapper:
    """Worker that makes a shard, from its number and photographs, in the shared folder."""

    def __init__(self, card: NetworkCard, plan: Plan, section: Section, batch: int | None) -> None:
        self._section = section
        self._extraction = Extraction(card, (Engine(batch=batch),), plan, Meter(), Cancel())

    def __call__(self, row: dict[str, Any]) -> dict[str, int]:
        number, files = int(row["shard"]), pickle.loads(row["files"])
        section = replace(self._section, files=files)
        made = self._extraction.make(section, {number: files})[number]
        return {"shard": number, "done": len(files), "bad": len(files) - made.rows}


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError:
        raise IndexBroken(
            "Ray is not installed on this machine.",
            "--engine ray needs it.",
            "Install it: pip install -r requirements-ray.txt",
        ) from None
    return ray
