"""core.index.folder_ranking and many photographs' typicality: as one photograph at a time, in whatever batches."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from core.datasets import listing
from core.errors import BadFolder, BadPhotograph, IndexMismatch
from core.index.folder_ranking import FolderRanking, rank_folder
from core.index.search import FeatureIndex
from core.index.typicality import rate, typicality
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.job import Task
from core.jobs.progress import Progress
from core.networks import registry
from core.networks.card import NetworkCard
from core.statistics.ranking import csv
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies.axes import index_again

SCENES = "scenes:50-69"
KEY, OTHER = "embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0"
INDEX = EMBEDDED.indexes / "scenes"


@pytest.fixture(scope="module")
def index() -> FeatureIndex:
    return FeatureIndex.open(INDEX)


@pytest.fixture(scope="module")
def card() -> NetworkCard:
    return registry.get(KEY, DataFolder.default())


def ranking(place: str, card: NetworkCard, index: FeatureIndex, engine: Engine) -> FolderRanking:
    return rank_folder(place, card, index, engine)(lambda _: None, Cancel())


def test_many_photographs_are_as_each_alone(card: NetworkCard, index: FeatureIndex, engine: Engine) -> None:
    network = engine.load(card)
    photographs = [file.read() for file in listing(SCENES)]
    found = list(rate(engine, network, index, photographs))
    assert [one.digest for one in found] == [photo.digest for photo in photographs]
    for photo, one in zip(photographs, found, strict=True):
        alone = next(engine.predict(network, [card.preprocessing.centre(photo)]))
        assert one.typicality == typicality(index, alone.features[0].numpy(), photo.digest)
        assert card.labels is not None
        assert one.predicted == card.labels.names[int(alone.probabilities[0].argmax())]
        assert one.confidence == float(alone.probabilities[0].max())
        assert (one.name, one.label) == (photo.name, photo.label)


def test_an_index_of_another_network_is_refused(index: FeatureIndex, engine: Engine) -> None:
    with pytest.raises(IndexMismatch):
        next(rate(engine, engine.load(registry.get(OTHER, DataFolder.default())), index, []))


def test_a_folder_is_ranked_and_its_csv_reads_back(card: NetworkCard, index: FeatureIndex, engine: Engine) -> None:
    found = ranking(SCENES, card, index, engine)
    network = engine.load(card)
    photographs = [file.read() for file in listing(SCENES)]
    values = {one.digest: one.typicality for one in rate(engine, network, index, photographs)}
    assert (found.given, found.whole, found.skipped, found.warning) == (20, True, (), None)
    assert list(found.table["rank"]) == list(range(1, 21))
    assert list(found.table["typicality"]) == sorted((t.value for t in values.values()), reverse=True)
    for row in found.table.itertuples():
        assert (row.typicality, row.percentile) == (values[row.digest].value, values[row.digest].percentile)
        assert found.sources[row.digest].read().digest == row.digest
    back = pd.read_csv(io.StringIO(csv(found.table)), dtype={"name": str})
    pd.testing.assert_frame_equal(back, found.table, check_dtype=False, check_exact=True)


def test_what_cannot_be_read_is_left_out_and_a_real_photograph_is_labelled(
    card: NetworkCard, index: FeatureIndex, engine: Engine, tmp_path: Path
) -> None:
    for k, file in enumerate(listing("scenes:0-2")):
        file.read().image().save(tmp_path / f"{k}.png")
    (tmp_path / "3.png").write_bytes((tmp_path / "0.png").read_bytes())
    (tmp_path / "4.png").write_bytes(b"no picture")
    found = ranking(str(tmp_path), card, index, engine)
    assert sorted(found.table["name"]) == ["0.png", "1.png", "2.png"]
    assert [name for name, _ in found.skipped] == ["3.png", "4.png"]
    assert found.whole
    assert found.warning is not None
    assert "trained on drawn scenes" in found.warning
    for k in range(4):
        (tmp_path / f"{k}.png").unlink()
    with pytest.raises(BadPhotograph, match="None of 1 photographs"):
        ranking(str(tmp_path), card, index, engine)
    with pytest.raises(BadFolder):
        ranking(str(tmp_path / "none"), card, index, engine)


def test_stopped_it_keeps_what_is_done(card: NetworkCard, index: FeatureIndex, engine: Engine) -> None:
    heard: list[Progress] = []
    cancel = Cancel()

    def report(news: Progress) -> None:
        heard.append(news)
        if news.done == 3:
            cancel.request()

    found = rank_folder(SCENES, card, index, engine)(report, cancel)
    assert 3 <= len(found.table) < 20
    assert not found.whole
    done = [news.done for news in heard if news.done]
    assert done == list(range(1, len(found.table) + 1))
    job = Task(rank_folder(SCENES, card, index, engine)).start()
    assert job.wait(60) == "done"
    assert job.result is not None
    pd.testing.assert_frame_equal(job.result.table[found.table.columns], ranking(SCENES, card, index, engine).table)


def test_an_index_is_found_again_by_what_it_holds(index: FeatureIndex, tmp_path: Path) -> None:
    m, data = index.manifest, DataFolder(tmp_path)
    held = {"plan": m.plan, "network": m.network, "rows": m.rows}
    assert index_again(held, INDEX, data) == INDEX
    assert index_again(held, tmp_path / "gone", data) == INDEX
    assert index_again(held, None, data) == INDEX
    assert index_again({**held, "rows": m.rows + 1}, INDEX, data) is None
    assert index_again({**held, "plan": "another"}, INDEX, data) is None
    assert index_again(None, None, data) is None
    data.indexes.mkdir()
    (data.indexes / "own").symlink_to(INDEX, target_is_directory=True)
    assert index_again(held, None, data) == INDEX  # what ships goes first
    assert index_again(held, data.indexes / "own", data) == data.indexes / "own"
