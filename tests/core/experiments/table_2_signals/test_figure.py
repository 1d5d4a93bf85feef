"""The figure of the signal bench shows its stages."""

from __future__ import annotations

from core.experiments.table_2_signals.figure import stems
from core.experiments.table_2_signals.signals import stages
from tests.support.signals import TABLE


def test_the_figure_is_the_stages() -> None:
    moved = [("shift 0", stages(TABLE.signal, TABLE.bench, 0)), ("shift 1", stages(TABLE.signal, TABLE.bench, 1))]
    fig = stems(moved)
    marks = [trace for trace in fig.data if trace.mode == "markers"]
    wanted = [stage for _, found in moved for stage in found]
    assert [(list(m.x), list(m.y)) for m in marks] == [(s.positions.tolist(), s.values.tolist()) for s in wanted]
    said = " ".join(note.text for note in fig.layout.annotations)
    for stage in wanted:
        assert f"{stage.name}: sum {stage.sum:g}" in said
    lines = [trace for trace in fig.data if trace.mode == "lines"]
    for line, stage in zip(lines, wanted, strict=True):
        assert [y for y in line.y if y is not None][1::2] == stage.values.tolist()
    assert {trace.xaxis for trace in fig.data} == {"x", "x2"}
    assert {trace.yaxis for trace in fig.data} == {"y", "y2", "y3", "y4"}  # a row has one scale
