import pytest

from striate.api.bench_predicting import bench_predicting
from striate.errors import PictureError, UsageError
from striate.watching import Watcher


def test_figures(finished_run, striped):
    told = []

    class Told(Watcher):
        def task(self, name, done, total):
            told.append((name, done, total))

    paths = sorted(striped.rglob("*.png"))[:6]
    result = bench_predicting(finished_run.folder, paths, rounds=1, watcher=Told())
    way = result.ways[0]
    assert (result.model, result.pictures, result.rounds, way.precision) == ("resnet20", 6, 1, "fp32")
    assert way.ratio == (1.0, 1.0, 1.0) and way.agreement == 1.0
    assert way.pictures_per_second > 0 and way.fraction == way.inferences_per_second * result.macs / way.peak
    assert list(result.milliseconds) == ["decode", "preprocess", "inference", "output"]
    assert all(taken > 0 for taken in result.milliseconds.values())
    ways = len(result.ways)
    assert told == [("measuring", done, 2 * ways) for done in range(2 * ways + 1)]


def test_mistakes(finished_run, tmp_path):
    with pytest.raises(UsageError, match="no pictures to measure on"):
        bench_predicting(finished_run.folder, [])
    with pytest.raises(UsageError, match="rounds must be 1 or more, got 0"):
        bench_predicting(finished_run.folder, ["a.jpg"], rounds=0)
    with pytest.raises(PictureError, match="there is no such file"):
        bench_predicting(finished_run.folder, [tmp_path / "a.jpg"], rounds=1)
