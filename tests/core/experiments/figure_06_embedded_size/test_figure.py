"""The curves of Figure 6 have bands and the paper's two sizes."""

from __future__ import annotations

from core.experiments.figure_06_embedded_size.figure import embedded_size
from core.experiments.replication.paper import KERAS
from tests.support.study_figures import SIDED, trace


def test_figure_6_has_bands_and_the_papers_two_sizes() -> None:
    fig = embedded_size(SIDED)
    for network in KERAS.values():
        name = network.split("/")[1]
        line, band = trace(fig, name, "lines+markers"), trace(fig, f"{name}, 95 % interval")
        mine = sorted((one for one in SIDED if one.network == network and one.side), key=lambda one: one.side)
        assert list(line.x) == [40, 100, 160, 220]
        assert list(line.y) == [one.sensitivity.p_top1_change for one in mine]
        spans = [one.sensitivity.p_top1_change_interval for one in mine]
        assert list(zip(reversed(band.y[4:]), band.y[:4], strict=True)) == spans
        assert list(band.x) == [40, 100, 160, 220, 220, 160, 100, 40]
    marks = trace(fig, "paper")
    drawn = {(who, x): y for who, x, y in zip(marks.customdata, marks.x, marks.y, strict=True)}
    resnet, inception = (KERAS[k].split("/")[1] for k in ("ResNet50", "InceptionResNetV2"))
    assert (drawn[resnet, 220], drawn[inception, 220], drawn[inception, 100]) == (0.1, 0.1, 0.3)
    assert drawn[resnet, 100] == 0.29  # Table 1 is exact, Figure 6 is read off
    share = embedded_size(SIDED, sizes=dict.fromkeys(KERAS.values(), 200))
    assert list(trace(share, resnet, "lines+markers").x) == [20, 50, 80, 110]
