"""Summaries of studies: the measures of each network, protocol and side, with their intervals."""

from __future__ import annotations

from typing import Any

from ..images.frames import BLACK
from ..images.protocols import settings
from ..statistics.accuracy import Accuracy
from ..statistics.tables import Measurement, accuracies, layer_accuracies, measured
from .manifest import Manifest
from .rows import Results


def summary(results: Results) -> list[dict[str, Any]]:
    """Return one record of plain values for each network, protocol and side, in the order of the study.

    A record has the measures with their intervals, and the settings, weights and software that they belong to. In
    studies of linear probes, there is one for each layer too.
    """
    whole, layers = accuracies(results.photographs), layer_accuracies(results.photographs)
    return [
        _record(results.manifest, group, whole.get(group.network))
        if group.layer is None
        else {"layer": group.layer, "depth": group.depth}
        | _record(results.manifest, group, layers.get((group.network, group.layer)))
        for group in measured(results.pairs)
    ]


def _record(m: Manifest, group: Measurement, right: Accuracy | None) -> dict[str, Any]:
    network = m.network(group.network)
    return {
        "study": m.study,
        "network": network["key"],
        "weights_digest": network["weights_digest"],
        "trained_on": network["trained_on"],
        "warning": network["warning"],
        "protocol": group.protocol,
        "side": group.side,
        "step": group.step,
        "direction": group.direction,
        "unit": group.unit,
        "surround": group.surround or (BLACK if "surround" in settings(group.protocol) else None),
        "reading": m.reading,
        "size": network["preprocessing"]["crop"],
        "interpolation": network["preprocessing"]["interpolation"],
        "reduced_to": m.config["reduce_to"],
        "seed": m.config["seed"],
        "pairs_per_photograph": m.config["pairs"],
        **group.sensitivity.as_dict(),
        **Accuracy.fields(right),
        "skipped": sorted(name for name, _ in m.skipped or []),
        "device": m.device,
        "precision": m.precision,
        "software": m.software,
    }
