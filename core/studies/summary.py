"""A study's tables → one record for each network, protocol and side: the measures with their intervals."""

from __future__ import annotations

from typing import Any

from ..statistics.accuracy import Accuracy
from ..statistics.tables import Measured, accuracies, layer_accuracies, measured
from .manifest import Manifest
from .rows import Results


def summary(results: Results) -> list[dict[str, Any]]:
    """Records in the order of the study, with everything that says what a number is of, as plain values."""
    whole, layers = accuracies(results.photographs), layer_accuracies(results.photographs)
    found = measured(results.pairs)
    return [
        _record(results.manifest, one, whole.get(one.network))
        if one.layer is None
        else {"layer": one.layer, "depth": one.depth}
        | _record(results.manifest, one, layers.get((one.network, one.layer)))
        for one in found
    ]


def _record(m: Manifest, one: Measured, right: Accuracy | None) -> dict[str, Any]:
    network = m.network(one.network)
    return {
        "study": m.study,
        "network": network["key"],
        "weights_digest": network["weights_digest"],
        "trained_on": network["trained_on"],
        "warning": network["warning"],
        "protocol": one.protocol,
        "side": one.side,
        "step": one.step,
        "direction": one.direction,
        "unit": one.unit,
        "size": network["preprocessing"]["crop"],
        "interpolation": network["preprocessing"]["interpolation"],
        "reduced_to": m.config["reduce_to"],
        "seed": m.config["seed"],
        "pairs_per_photograph": m.config["pairs"],
        **one.sensitivity.as_dict(),
        **Accuracy.fields(right),
        "skipped": sorted(name for name, _ in m.skipped or []),
        "device": m.device,
        "precision": m.precision,
        "software": m.software,
    }
