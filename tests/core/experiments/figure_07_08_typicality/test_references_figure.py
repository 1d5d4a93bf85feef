"""The photograph is marked among the references."""

from __future__ import annotations

from core.experiments.figure_07_08_typicality.figure import among_references
from tests.support.figures import shapes


def test_the_photograph_stands_among_the_references() -> None:
    reference = [0.5, 0.55, 0.6, 0.8]
    fig = among_references(0.7123, reference, "ResNet-50's features, as in the paper")
    assert list(fig.data[0].x) == reference
    assert shapes(fig) == [0.7123]
    assert [a.text for a in fig.layout.annotations] == [
        "this photograph 0.712",
        "typicality by ResNet-50's features, as in the paper",
    ]
    assert fig.layout.yaxis.title.text == "reference photographs"
