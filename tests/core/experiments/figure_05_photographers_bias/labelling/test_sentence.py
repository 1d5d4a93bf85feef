"""The sentence of clicked points follows the numbers."""

from __future__ import annotations

import pandas as pd

from core.experiments.figure_05_photographers_bias.labelling.places import agreements, distances, table
from core.experiments.figure_05_photographers_bias.labelling.sentence import sentence
from core.statistics.intervals import mean
from tests.support.labelled import EYES, invented_labels


def test_the_sentence_follows_the_numbers() -> None:
    assert sentence(table({}), EYES) == "Nothing is labelled yet."
    few = sentence(invented_labels(9), EYES)
    assert "over n = 9 photographs (means with 95 % intervals over photographs; few photographs: approximate): " in few
    assert "[" in few
    one = invented_labels(1)
    assert "over n = 1 photograph (" in sentence(one, EYES)
    found = invented_labels(40, ("me", "anna"))
    said, left = sentence(found, EYES), found[found["point"] == "left eye"]
    units = pd.factorize(left["digest"])[0]
    low, high = mean(left["x_share"].to_numpy(float), units, bounds=(0, 1)) or (0, 0)
    assert "over n = 40 photographs (means with 95 % intervals over photographs): " in said
    assert f"the left eye lies at {left['x_share'].mean():.2f} [{low:.2f}, {high:.2f}] across and " in said
    assert f"the right eye are {distances(found, *EYES)['distance'].mean():.2f} [" in said
    (pair,) = agreements(found)
    assert said.endswith(f" On the same photographs {pair}.")
    assert f"anna and me click {pair.median:.1f} px apart (median; 95 % interval " in said
    assert "right eye" not in sentence(found, EYES[:1])
    assert "apart" not in sentence(found[found["labeller"] == "me"], EYES[:1])
