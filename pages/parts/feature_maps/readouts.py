"""Readouts at each depth (Figure 4): sentence, curves, table, and the photographs of a point."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments.drawing.style import assign_slots, short
from core.experiments.figure_04_readouts import depth
from core.experiments.figure_04_readouts import figure as figures
from core.experiments.figure_04_readouts.sentence import sentence
from core.experiments.replication import paper
from core.inference.linear_probes import STRENGTHS
from core.networks.variants.twins import antialiased_pairs
from core.statistics import tables
from core.statistics.accuracy import Accuracy
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.studies import sensitivities, studies

WHERE = "§ 3, Figure 4"
ABOUT = """
- **Readout**: the global average of every channel of a layer → multinomial logistic regression, on one centre crop of
  each training photograph, features standardised by the training photographs' mean and standard deviation.
- **Solver**: scikit-learn's L-BFGS on mean cross-entropy + λ/2 · |weights|². λ is one of {strengths}, the one with the
  smallest cross-entropy on a fifth of the training photographs of each class, held out by the seed; then the readout is
  fitted on all of them.
- **Layers**: those that end a block or a stage, after the nonlinearity; relative depth counts convolutions.
- **The network's own head** stands beside its readouts, as a star at depth 1, only where it knows just these classes.
- Early readouts are often wrong: how often stands in the third figure. The paper does not say how its readouts were
  trained, nor how often they were right.
"""


def section() -> None:
    """Draw the chosen study, or the form for a first one."""
    st.subheader("Readouts at each depth (Figure 4)", anchor="readouts")
    levels = sorted({number.value for number in paper.numbers() if number.where == WHERE})
    st.caption(
        "A linear classifier on each layer alone: does one pixel change its answer more often, the deeper it reads? In "
        f"the paper, below {', '.join(map(str, levels))} from early layers and more the deeper (Keras’s networks)."
    )
    results = studies.section("readouts")
    if results is None:
        return
    found = sensitivities.compute(results)
    right = studies.derive(results, "layer accuracies", lambda r: tables.layer_accuracies(r.photographs))
    compared = studies.derive(results, "along depth", lambda r: depth.compare_depths(r.pairs))
    st.markdown(f"**{plain(sentence(compared, right))}**")
    st.markdown(plain(sentence(compared, right, sensitivities.PAPER_MEASURES[1])))
    _curves(results, found, right)
    with st.expander("How readouts are trained, and every number"):
        st.markdown(ABOUT.format(strengths=", ".join(f"{strength:g}" for strength in STRENGTHS)))
        st.dataframe(_table(results, found, right), hide_index=True, key="readouts table")
    studies.draw_downloads(
        results,
        {
            "Readouts": lambda: tables.tidy(found),
            "First against deepest": lambda: compared,
        },
    )


def _curves(results: Results, found: list[Measurement], right: dict[tuple[str, str], Accuracy]) -> None:
    """Draw P(top-1 change), MAC and accuracy against depth; return what was clicked."""
    keys = [one["key"] for one in results.manifest.networks]
    slots = assign_slots(keys, antialiased_pairs(keys))
    clicked: list[Measurement] = []
    columns = (*st.columns(2), st.columns(2)[0])
    for column, measure in zip(columns, (*sensitivities.PAPER_MEASURES, None), strict=True):
        if measure is None:
            fig, title = figures.readout_accuracy(found, right, slots=slots), "accuracy"
        else:
            fig, title = figures.readouts(found, measure, slots=slots), MEASURES[measure]
        with column:
            points = charts.draw(fig, f"readouts {title}", f"{title} of readouts against depth")
        for point in points:
            name = str(fig.data[point["curve_number"]].legendgroup)
            clicked += [one for one in found if short(one.network) == name and one.depth == point["x"]]
    sensitivities.draw_pairs(results, found, clicked, "point of a curve")


def _table(results: Results, found: list[Measurement], right: dict[tuple[str, str], Accuracy]) -> pd.DataFrame:
    """Return a table as text, a row a layer."""
    fitted = {} if results.readouts is None else results.readouts.set_index(["network", "layer"])["strength"].to_dict()
    rows = []
    for one in found:
        known, strength = right.get((one.network, str(one.layer))), fitted.get((one.network, one.layer))
        rows.append(
            {
                "network": short(one.network),
                "layer": one.layer,
                "depth": f"{one.depth:.2f}",
                "λ": "" if strength is None else f"{strength:g}",
                "accuracy": ""
                if known is None
                else f"{known.top1:.3f} [{known.interval[0]:.3f}, {known.interval[1]:.3f}]",
                **{
                    MEASURES[measure]: tables.cell(one.sensitivity, measure) for measure in sensitivities.PAPER_MEASURES
                },
            }
        )
    return pd.DataFrame(rows)
