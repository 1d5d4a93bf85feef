"""core.index.sample_bias: a sample of an index's rows against all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.datasets import listing
from core.errors import BadPhotograph, IndexBroken, IndexMismatch
from core.images.photographs import Photograph, read
from core.index.sample_bias import SampleBias, sample_bias
from core.index.sampling import Draw
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.statistics.association import spearman
from core.statistics.intervals import mean
from tests.support.basics import TinyCard
from tests.support.indexed import CARD, ENGINE, features_of, make

pytestmark = pytest.mark.usefixtures("one_thread")

DRAW = Draw(per_class=4, seed=3)


@pytest.fixture(scope="module")
def queries(held_out: Path) -> list[Photograph]:
    return [read(path) for path in sorted(held_out.iterdir())]


def compared(whole: Path, queries: list[Photograph], draw: Draw = DRAW) -> SampleBias:
    return sample_bias(ENGINE, ENGINE.load(CARD), FeatureIndex.open(whole), queries, draw)


def test_it_is_the_difference_to_the_index_that_the_draw_would_build(
    whole: Path, album: Path, held_out: Path, queries: list[Photograph], tmp_path: Path
) -> None:
    result = compared(whole, queries)
    index, rows = FeatureIndex.open(whole), FeatureIndex.open(whole).rows
    drawn = {row.name for row in DRAW.take(list(rows))}
    make([file for file in listing(album) if file.name in drawn], tmp_path / "sampled")
    sampled = FeatureIndex.open(tmp_path / "sampled")
    assert (result.rows, result.sampled) == (43, sampled.manifest.rows) == (43, 20)
    for path, photo, of_all, of_some in zip(
        sorted(held_out.iterdir()), queries, result.whole, result.sample, strict=True
    ):
        feature = features_of(path)
        assert of_all == pytest.approx(typicality(index, feature, photo.digest).value, abs=1e-12)
        assert of_some == pytest.approx(typicality(sampled, feature, photo.digest).value, abs=1e-12)
    assert (result.sample <= result.whole + 1e-12).all()


def test_bias_and_correlation_are_those_of_core_statistics(whole: Path, queries: list[Photograph]) -> None:
    result = compared(whole, queries)
    facts = result.as_dict()
    assert facts["bias"] == np.mean(result.sample - result.whole) < 0
    assert tuple(facts["bias_interval"]) == mean(result.sample - result.whole, np.arange(11))
    rho = spearman(result.whole, result.sample)
    assert (facts["spearman"], tuple(facts["spearman_interval"])) == (rho.rho, rho.interval)
    assert (facts["queries"], facts["per_class"], facts["seed"]) == (11, 4, 3)
    assert "n = 11, few photographs: approximate" in str(result)
    assert "20 of 43 rows: at most 4 of each class, seed 3." in str(result)


def test_a_sample_of_everything_has_no_bias(whole: Path, queries: list[Photograph]) -> None:
    result = compared(whole, queries, Draw(per_class=100))
    assert result.bias == 0
    assert result.interval == (0, 0)
    assert result.correlation.rho == pytest.approx(1)


def test_too_few_rows_no_query_and_another_network_are_said(
    whole: Path, queries: list[Photograph], tiny_card: TinyCard
) -> None:
    with pytest.raises(IndexBroken, match="at least 10 others"):
        compared(whole, queries, Draw(per_class=1))
    with pytest.raises(BadPhotograph, match="There is no query"):
        compared(whole, [])
    other = ENGINE.load(tiny_card(9))
    with pytest.raises(IndexMismatch):
        sample_bias(ENGINE, other, FeatureIndex.open(whole), queries, DRAW)
