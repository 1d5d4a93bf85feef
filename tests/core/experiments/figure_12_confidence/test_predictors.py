"""Typicality and confidence compared: the shipped scenes, a network's own confidence, and tables without either."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from core import studies
from core.experiments.figure_12_confidence.predictors import compare_predictors, sentence
from core.experiments.study_results import StudyResults, own_confidence
from core.statistics.tables import per_photograph
from core.storage.data_folder import EMBEDDED
from tests.support.study_tables import pairs_table

P, MEAN = "p_top1_change", "mean_absolute_change"
FOUR = tuple(f"embedded/net{k}.scenes-0" for k in range(4))


def photographs(n: int = 60, networks: tuple[str, ...] = FOUR, *, of_typicality: float = 0.0) -> pd.DataFrame:
    """Sensitivity follows confidence, and typicality beyond it as much as ``of_typicality`` says."""
    table = per_photograph(pairs_table(networks, ("crop",), photographs=n, pairs=4))
    noise = np.random.default_rng(1).normal(0, 0.05, len(table))
    return table.assign(**{P: 0.5 - 0.3 * table["confidence"] + of_typicality * table["typicality"] + noise})


@pytest.mark.parametrize("name", ["typicality", "confidence"])
def test_for_the_shipped_scenes_typicality_adds_nothing_to_confidence(name: str) -> None:
    results = studies.read(EMBEDDED.studies / name)
    own = own_confidence(results)
    table = per_photograph(results.pairs)
    compared = compare_predictors(table, P, own)
    assert own == "embedded/resnet10.scenes-0"
    assert own not in [one.network for one in compared]
    assert len(compared) == 5
    added = []
    for one in compared:
        part = table[table["network"] == one.network]
        r = np.corrcoef([rankdata(part[column]) for column in ("typicality", "confidence", P)])
        added.append((r[0, 2] - r[0, 1] * r[1, 2]) / np.sqrt((1 - r[0, 1] ** 2) * (1 - r[1, 2] ** 2)))
        assert one.added["typicality"].rho == pytest.approx(added[-1])
        assert one.difference.value == pytest.approx(r[0, 2] - r[1, 2])
        assert (one.typicality.rho, one.confidence.rho) == pytest.approx((r[0, 2], r[1, 2]))
    assert (round(min(added), 3), round(max(added), 3)) == (-0.054, 0.040)
    text = sentence(compared, P, own)
    assert "On all 5 networks there is no evidence that typicality adds to confidence (-0.054 to 0.040)" in text
    assert "an added correlation stronger than -0.15 is excluded" in text
    assert "resnet10.scenes-0 is left out, since the confidence is its own." in text
    assert text in StudyResults.of(results).findings.values()


def test_what_adds_is_counted_after_holms_correction() -> None:
    table = photographs(of_typicality=-0.5)
    silent = table["network"].isin(FOUR[:2])
    table[P] = table[P].mask(silent, photographs()[P])
    text = sentence(compare_predictors(table, P), P)
    assert "On 2 of 4 networks typicality adds to confidence (-0." in text
    assert "on 2 of 4 networks there is no evidence that it adds (" in text
    assert "On all 4 networks confidence adds to typicality (-0." in text
    assert "n = 60 photographs, partial Spearman, p < 0.05 after Holm's correction for 4 networks" in text
    assert "left out" not in text
    two = sentence(compare_predictors(table[table["network"].isin(FOUR[2:])], P), P)
    assert "On both networks typicality adds to confidence (-0." in two


def test_a_single_network_is_tested_by_its_interval_and_few_photographs_are_called_approximate() -> None:
    text = sentence(compare_predictors(photographs(15), P, FOUR[0])[:1], P, FOUR[0])
    assert "There is no evidence that typicality adds to confidence (" in text
    assert "n = 15 photographs, partial Spearman, tested by its interval" in text
    assert "few photographs: approximate" in text


def test_only_photographs_with_both_predictors_count() -> None:
    table = photographs()
    half = table.assign(typicality=table["typicality"].mask(table["digest"].astype(str).rank() <= 120))
    assert {one.confidence.n for one in compare_predictors(half, P)} == {30}
    for empty in (
        table.assign(typicality=np.nan),
        table.assign(**{P: np.nan}),
        table.head(0),
        table.assign(**{P: 0.5}),
    ):
        assert sentence(compare_predictors(empty, P), P) == ""
    assert compare_predictors(table[table["network"] == FOUR[0]], P, FOUR[0]) == []
