"""Rates, comparisons and findings of whole studies: every shipped one, and what must not depend on a choice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import StudyMismatch
from core.experiments.study_results import StudyResults, between_record, compared
from core.statistics.tables import measured
from core.storage.data_folder import EMBEDDED
from core.studies import read
from core.studies.choices import choices, family

SHIPPED = sorted(folder.name for folder in EMBEDDED.studies.iterdir())
RATE = {"network", "protocol", "side", "measure", "photographs", "pairs", "value", "interval", "approximate"}
COMPARISON = {
    "network", "against", "protocol", "side", "measure", "difference", "interval", "p", "p_corrected", "family",
    "family_size",
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_study_has_rates_comparisons_and_findings(name: str) -> None:
    results = read(EMBEDDED.studies / name)
    whole = StudyResults.of(results)
    found = json.loads(json.dumps(whole.as_dict(), allow_nan=False))
    assert list(found) == ["study", "reading", "choices", "rates", "comparisons", "findings"]
    layers = {"layer", "depth"} if name == "readouts" else set()
    assert len(found["rates"]) == 3 * len(measured(results.pairs))
    for row in found["rates"]:
        assert set(row) == RATE | layers
        low, high = row["interval"]
        assert 0 <= low <= row["value"] <= high
        assert row["approximate"] is False
    for row in found["comparisons"]:
        assert set(row) == COMPARISON | ({"layer", "against_layer"} if layers else set())
        assert row["p"] <= row["p_corrected"] <= 1
        assert row["interval"][0] <= row["difference"] <= row["interval"][1]
        own = [o for o in found["comparisons"] if o["measure"] == row["measure"]]
        assert row["family_size"] == len(own)
    assert found["findings"]
    assert all(text.strip().endswith(".") for text in found["findings"])


def test_a_difference_of_more_than_six_standard_errors_is_found_after_correction() -> None:
    """All of them had p of at least .157 with the bootstrap."""
    found = StudyResults.of(read(EMBEDDED.studies / "protocols")).as_dict()
    large = 0
    for row in found["comparisons"]:
        if row["measure"] == "p_top1_change":
            continue
        error = (row["interval"][1] - row["interval"][0]) / 2 / 1.966  # Student's t, 399 degrees of freedom
        if abs(row["difference"]) > 6 * error:
            large += 1
            assert row["p_corrected"] < 0.001, row
    assert large >= 18


def test_the_network_is_the_antialiased_one_and_the_difference_is_its_rate_minus_the_originals() -> None:
    found = StudyResults.of(read(EMBEDDED.studies / "antialiasing")).as_dict()
    rates = {(r["network"], r["protocol"], r["side"], r["measure"]): r["value"] for r in found["rates"]}
    for row in found["comparisons"]:
        assert "_bin5" in row["network"]
        assert row["against"] == row["network"].replace("_bin5", "")
        setting = (row["protocol"], row["side"], row["measure"])
        wanted = rates[row["network"], *setting] - rates[row["against"], *setting]
        assert row["difference"] == pytest.approx(wanted, abs=1e-12)


def test_the_family_is_fixed_by_the_study() -> None:
    plain, blurred = "embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0"
    assert family("protocols", [plain, blurred, "other/net"]).couples == ((plain, blurred),)
    assert family("protocols", [plain, "other/net"]).couples is None
    assert "deepest layer" in family("readouts", [plain, blurred]).text
    stated = choices("protocols", [plain, blurred])
    assert stated["rule"] == 2
    assert "each antialiased network against its original" in stated["family"]
    assert {"correction", "test", "intervals", "approximate", "level", "measures"} <= set(stated)
    results = read(EMBEDDED.studies / "figure_10_cifar10")  # no antialiased network: all couples
    assert len(compared(results)) == 3 * 14 * 3


def test_sentences_count_corrected_differences() -> None:
    whole = StudyResults.of(read(EMBEDDED.studies / "figure_10_cifar10"))
    rows = whole.differences.query("measure == 'p_top1_change' and second == 'embedded/resnet8_crop.cifar10-0'")
    rows = rows[rows["first"] == "embedded/resnet8.cifar10-0"]
    outside = rows[~rows["side"].between(32, 48)]
    corrected = int(((outside["p_holm"] < 0.05) & (outside["difference"] < 0)).sum())
    assert corrected < int((outside["high"] < 0).sum())
    assert f"less often at {corrected} of the 10 sizes outside" in whole.findings["Figure 10"]


def test_two_studies() -> None:
    one, other = (read(EMBEDDED.studies / name) for name in ("protocols", "antialiasing"))
    found = json.loads(json.dumps(between_record(one, other), allow_nan=False))
    assert found["against"]["study"] == "antialiasing"
    assert {row["protocol"] for row in found["between"]} == {"crop", "black"}
    assert all(row["paired"] for row in found["between"])  # the same scenes
    collections = between_record(*(read(EMBEDDED.studies / f"figure_10_{name}") for name in ("cifar10", "scenes32")))
    assert collections["between"] == []  # other networks
    with pytest.raises(StudyMismatch, match="compared with itself"):
        between_record(one, read(Path(str(one.folder))))


def test_values_are_those_of_plain_sums() -> None:
    results = read(EMBEDDED.studies / "failures")
    for row in StudyResults.of(results).as_dict()["rates"][:6]:
        own = results.pairs[
            (results.pairs["network"] == row["network"]) & (results.pairs["protocol"] == row["protocol"])
        ]
        values = {
            "p_top1_change": own["changed"].astype(float).mean(),
            "mean_absolute_change": np.abs(own["p_after"].astype(float) - own["p_before"].astype(float)).mean(),
            "representation_change": (1 - own["feature_cosine"]).mean(),
        }
        assert row["value"] == pytest.approx(values[row["measure"]], abs=1e-12)


def test_confidence_is_compared_with_the_sensitivity_of_other_networks() -> None:
    """The strongest correlation of the shipped studies, -0.68, was of a network with its own confidence."""
    findings = StudyResults.of(read(EMBEDDED.studies / "confidence")).findings
    text = findings["Figure 12 mean_absolute_change"]
    assert "falls with confidence on 5 of 5 networks (Spearman -0.64 to -0.54)" in text
    assert text.endswith("resnet10.scenes-0 is left out, since the confidence is its own.")
    assert "on 6 of 6 networks (Spearman -0.63 to -0.52)" in findings["Figure 8 mean_absolute_change"]
