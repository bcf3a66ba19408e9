"""The table of contenders: sets, cells, ranks with ties, what is measured of a process, and the page."""

import importlib
import io
import itertools
import json
import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).parents[2] / "benchmarks"


def loaded(name, folder=FOLDER):
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


sets, cells, ranking, plan = (loaded(f"quality.{name}") for name in ("sets", "cells", "ranking", "plan"))
page, measuring = (loaded(f"quality.{name}") for name in ("page", "measuring"))
TABLE = loaded("tournament").TABLE
peer = loaded("peer", FOLDER / "peers")


def facts(count=100, name="mnist"):
    return sets.Facts(name, "MNIST", ("a", "b"), 8, 2, False, sets.pack([0] * (count // 2) + [1] * (count // 2)), "d")


def cell(contender, wrong, *, seed=0, budget=60, dataset="mnist", count=100, failure="", wall=50.0, notes=None):
    """A cell that is wrong on these pictures."""
    answers = facts(count).labels().copy()
    answers[list(wrong)] ^= 1
    return cells.Cell(
        place=cells.Place(budget, dataset, contender, seed),
        digest="d",
        answers="" if failure else sets.pack(answers),
        wall_seconds=wall,
        cpu_seconds=80.0,
        memory_megabytes=900,
        others_share=0.01,
        load_before=0.1,
        when="2026-01-02",
        machine="A processor",
        processors=2,
        versions={"torch": "2.0"},
        notes=notes or {},
        failure=failure,
    )


def source(tmp_path, **fields):
    def encoded(value):
        stream = io.BytesIO()
        Image.new("L", (3, 3), value).save(stream, "png")
        return stream.getvalue()

    def read(data):
        return sets.Pools([sets.Picture(encoded(i), ".png", "ab"[i % 2]) for i in range(120)], [])

    return {"drawn": sets.Source("drawn", read, **fields)}


def test_a_set_is_split_once_by_its_seed_and_its_names_tell_nothing(tmp_path):
    sources = source(tmp_path, test=40)
    made = sets.make_set("drawn", tmp_path / "one", tmp_path, sources)
    assert (made.train, made.val, len(made.labels())) == (68, 12, 40)
    assert made.classes == ("a", "b") and made.labels().sum() == 20
    assert sets.make_set("drawn", tmp_path / "two", tmp_path, sources) == made
    paths = list((tmp_path / "one" / "drawn").glob("*/*/*"))
    assert sorted(path.stem for path in paths) == [f"{number:05}" for number in range(120)]
    assert len({path.read_bytes() for path in paths}) == 120  # no picture is in two parts
    assert sets.Facts.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_a_small_set_has_twenty_of_each_class_and_the_same_test_pictures(tmp_path):
    sources = source(tmp_path, test=40)
    whole, few = (sets.make_set(name, tmp_path, tmp_path, sources) for name in ("drawn", "drawn-20"))
    assert (few.train, few.val) == (32, 8) and few.title == "drawn, 20 a class"

    def tested(name):
        return {(path.parent.name, path.read_bytes()) for path in sets.test_pictures(tmp_path / name)}

    assert tested("drawn") == tested("drawn-20") and few.digest != whole.digest


def test_a_cell_is_read_as_it_was_written(tmp_path):
    kept = cell("striate", [3], notes={"size": 64})
    cells.write_json(kept.place.path(tmp_path), kept.to_dict(facts()))
    cells.write_facts(facts(), tmp_path)
    assert cells.read_cells(tmp_path) == {kept.place: kept} and cells.read_facts(tmp_path) == {"mnist": facts()}
    table = json.loads((tmp_path / "60s" / "mnist" / "striate-0.json").read_text("utf-8"))
    assert table["accuracy"] == 0.99 and [round(end, 3) for end in table["accuracy_interval"]] == [0.946, 0.998]
    with pytest.raises(ValueError, match="a cell of schema 2; this program reads 1"):
        cells.Cell.from_dict(table | {"schema": 2})
    with pytest.raises(ValueError, match="60s/mnist/striate-0 is of other pictures than mnist has now; run it again"):
        kept.right(sets.Facts("mnist", "", ("a", "b"), 1, 1, True, sets.pack([0]), "other"))


def test_answers_are_kept_in_the_order_of_names():
    assert sets.unpack(cells.packed_answers({"2.png": "a", "1.png": "b"}, ["1.png", "2.png"], "ab")).tolist() == [1, 0]
    with pytest.raises(ValueError, match="1 of 2 test pictures have no answer, such as 2"):
        cells.packed_answers({"1.png": "a"}, ["1.png", "2.png"], "ab")
    with pytest.raises(ValueError, match="answered 'c', which is no class of a, b"):
        cells.packed_answers({"1.png": "c"}, ["1.png"], "ab")


def test_ties_share_a_rank_and_a_clear_difference_parts_them():
    # Six pictures that one alone has right: p = 2 / 64. Five: p = 2 / 32.
    rows = {
        "striate": [cell("striate", [])],
        "fastai": [cell("fastai", range(5))],
        "timm": [cell("timm", range(6))],
        "torchvision": [cell("torchvision", range(40))],
    }
    found = ranking.standings(rows, facts())
    assert {name: own.rank for name, own in found.items()} == {"striate": 1, "fastai": 1, "timm": 2, "torchvision": 4}
    assert found["fastai"].accuracy == 0.95
    won = ranking.verdict("striate", found, facts(), 60)
    assert won.reached and won.best.contender == "fastai" and not won.at_chance and won.chance == 0.5
    swapped = rows | {"striate": [cell("striate", range(6))], "timm": [cell("timm", [])]}
    lost = ranking.verdict("striate", ranking.standings(swapped, facts()), facts(), 60)
    assert not lost.reached and abs(lost.comparison.p_value - 2 / 64) < 1e-15
    assert page.missed(TABLE, lost) == (
        "mnist in 60 s: 94.0 % against 100.0 % of timm, fine-tuned (alone right on 0 and 6 of 100 pictures, p = 0.031)"
    )
    guessed = rows | {"striate": [cell("striate", range(45))]}
    assert ranking.verdict("striate", ranking.standings(guessed, facts()), facts(), 60).at_chance


def test_the_middle_seed_stands_for_three_and_a_failure_is_no_accuracy():
    seeds = [cell("striate", range(wrong), seed=seed) for seed, wrong in enumerate((9, 1, 4))]
    chosen, right, accuracies = ranking.middle(seeds, facts())
    assert chosen.place.seed == 2 and right.sum() == 96 and accuracies == (0.91, 0.96, 0.99)
    broken = [
        seeds[0],
        cell("striate", [], seed=1, failure="it ended with 1"),
        cell("striate", [], seed=2, failure="so"),
    ]
    assert ranking.middle(broken, facts())[2] == (0.0, 0.0, 0.91) and ranking.middle([], facts()) is None


def test_peers_with_weights_are_no_rivals_of_ours_without():
    assert TABLE.league("striate")[0] == "striate" and "fastai" in TABLE.league("striate")
    assert "fastai-scratch" in TABLE.league("striate")  # who has weights may learn from nothing
    without = TABLE.league("striate-scratch")
    assert "fastai-scratch" in without and "fastai" not in without and "striate" not in without


def test_ours_takes_turns_with_the_peers():
    turns = TABLE.in_turns()
    assert len(turns) == len(set(turns))
    assert sorted(seed for name, seed in turns if name == "striate") == [0, 1, 2]
    ours = [place for place, (name, _) in enumerate(turns) if name == "striate"]
    assert all(later - earlier > 2 for earlier, later in itertools.pairwise(ours))
    places = TABLE.places()
    assert len(set(places)) == len(places) == 15 * len(turns)
    assert TABLE.budgets() == [60, 300] and TABLE.sets(300) == ["cifar10", "flowers5", "imagenette"]


def test_cells_are_chosen_by_what_they_are():
    places = TABLE.places()
    assert len(plan.chosen(places, ["60s", "mnist", "striate", "fastai"])) == 4
    assert [str(place) for place in plan.chosen(places, ["300s/cifar10/fastai-0"])] == ["300s/cifar10/fastai-0"]
    assert {place.dataset for place in plan.chosen(places, ["mnist*"])} == {"mnist", "mnist-20"}
    with pytest.raises(ValueError, match="--only minst names nothing; there are 300s, 60s, autogluon, cifar10"):
        plan.chosen(places, ["minst"])


def test_a_process_is_watched_with_its_children(tmp_path):
    work = "import time\nbegun = time.process_time()\nwhile time.process_time() - begun < 1.3: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {work!r}], check=True); print('done')"
    code = (
        f"{child}\nopen({str(tmp_path / 'ready')!r}, 'w').close()\nimport time; time.sleep(1.5)\nprint('{{started}}')"
    )
    command = [sys.executable, "-S", "-c", code]
    taken = measuring.watch(command, log=tmp_path / "log", environment=os.environ, limit=60, ready=tmp_path / "ready")
    assert taken.code == 0 and 1.3 <= taken.cpu_seconds < 2.1 and 3 < taken.memory_megabytes < 100
    said = taken.output.split()
    assert said[0] == "done" and abs(float(said[1]) - time.time()) < 60
    whole = measuring.watch(command, log=tmp_path / "log", environment=os.environ, limit=60)
    assert whole.wall_seconds > 2.7 and whole.cpu_seconds >= 1.3


def test_a_process_that_takes_too_long_is_ended_with_its_children(tmp_path):
    sleep = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])"
    begun = time.monotonic()
    taken = measuring.watch(
        [sys.executable, "-S", "-c", sleep], log=tmp_path / "log", environment=os.environ, limit=0.6
    )
    assert taken.code == -9 and time.monotonic() - begun < 20


def test_a_peer_takes_the_largest_pictures_that_fit():
    asked = []

    def seconds(size):
        asked.append(size)
        return size**2 / 1000

    assert peer.choose_size((64, 128, 224), seconds, lambda: 20.0) == (128, 16.384) and asked == [128]
    assert peer.choose_size((64, 128, 224), seconds, lambda: 60.0) == (224, 50.176) and asked == [128, 128, 224]
    assert peer.choose_size((64, 128), seconds, lambda: 1.0) == (64, 4.096)  # nothing fits: the smallest
    slower = peer.choose_size((64, 128, 224), lambda size: (0, 0, 16.0, 80.0)[size // 64], lambda: 60.0)
    assert slower == (128, 80.0 * (128 / 224) ** 2)  # more than was likely
    assert [peer.whole_epochs(*row) for row in ((60, 8.5), (5, 8.5), (600, 2))] == [7, 1, 30]


def test_what_a_peer_measures_first_is_not_counted(tmp_path, monkeypatch):
    (tmp_path / "train" / "a").mkdir(parents=True)
    options = ["--data", tmp_path, "--output", tmp_path, "--budget", "100", "--started", str(time.time() - 10)]
    monkeypatch.setattr(sys, "argv", ["peer", *map(str, options)])
    job = peer.Job()
    with job.uncounted():
        time.sleep(0.3)
    assert 74 < job.left() <= 84 and job.classes == ["a"]  # 6 of 100 s are a reserve
    job.ready("numpy")
    notes = json.loads((tmp_path / "notes.json").read_text("utf-8"))
    assert 0.3 <= notes["uncounted"]["wall"] < 3 and notes["versions"] == {"numpy": metadata.version("numpy")}


@pytest.fixture
def results(tmp_path):
    kept = [
        cell(
            "striate", [1], notes={"winner": "a head", "course": [{"state": "won", "accuracy": 0.9, "ended_after": 9}]}
        ),
        cell("striate", [], seed=1),
        cell("fastai", range(9), notes={"size": 96, "epochs": 4}),
        cell("striate-scratch", range(50), wall=61.0),
        cell("fastai-scratch", [], failure="it ended with 1: no | memory"),
    ]
    for one in kept:
        cells.write_json(one.place.path(tmp_path / "kept"), one.to_dict(facts()))
    cells.write_facts(facts(), tmp_path / "kept")
    return tmp_path / "kept"


def test_the_page_says_what_is_missing_and_missed(results, tmp_path):
    page.write_pages(TABLE, results, tmp_path / "docs")
    text = (tmp_path / "docs" / "quality.md").read_text("utf-8")
    assert "- With weights: not worse on 1 of 1; mean rank 1.00." in text
    assert "  - **at chance**: mnist in 60 s, 50.0 % where always the most frequent class gives 50.0 %" in text
    assert "- **over its time**: `60s/mnist/striate-scratch-0`, 61.0 s" in text
    assert "- failed: `60s/mnist/fastai-scratch-0`: it ended with 1: no | memory" in text
    assert f"- {len(TABLE.places()) - 5} of {len(TABLE.places())} cells are not measured yet." in text
    row = next(line for line in text.splitlines() if line.startswith("| mnist | **99.0** |"))
    assert row.split(" | ")[2] == "91.0 (2)" and row.count("missing") == len(TABLE.league("striate")) - 3
    assert row.count("failed") == 1
    assert "| Striate | 99.0 | 94.6 to 99.8 | 99.0 to 100.0 | 1 | 50 s | 80 s | 900 MB | a head |" in text
    assert "| fastai, fine_tune | 91.0 | 83.8 to 95.2 | 1 | 2 | 50 s | 80 s | 900 MB | 96 px, 4 epochs |" in text
    assert "it ended with 1: no / memory |" in text  # no column too many
    assert "#### MNIST: 2 classes, 8 train, 2 val, 100 test" in text
    assert "A processor, 2 processors; 2026-01-02; other programs took at most 1 % of the processors meanwhile" in text
    with Image.open(tmp_path / "docs" / "quality.png") as drawn:
        assert drawn.format == "PNG" and drawn.width > 1000


@pytest.mark.parametrize("name", ["tournament", "stand_ins"])
def test_the_page_is_that_of_the_kept_cells(name):
    table = loaded(name).TABLE
    results, docs = FOLDER / "results" / table.name, FOLDER.parent / "docs"
    kept = cells.read_cells(results)
    assert (docs / f"{table.name}.md").read_text("utf-8") == page.write_page(table, kept, cells.read_facts(results))
    assert (docs / f"{table.name}.png").exists() == bool(kept)


def test_a_page_without_cells_says_so():
    text = page.write_page(TABLE, {}, {})
    assert "by the paired test; mean rank at most 1.5; nothing sealed at chance" in text
    assert text.endswith(
        "- With weights: nothing is measured yet.\n- From nothing: nothing is measured yet.\n"
        f"- {len(TABLE.places())} of {len(TABLE.places())} cells are not measured yet.\n"
    )


def test_the_program_says_what_it_will_not_do(tmp_path):
    def run(*options):
        command = [
            sys.executable,
            FOLDER / "tournament.py",
            "--results",
            tmp_path / "kept",
            "--docs",
            tmp_path,
            *options,
        ]
        environment = {key: value for key, value in os.environ.items() if key != "STRIATE_TEST_DATA"}
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)

    listed = run("--list", "--only", "60s", "digits", "timm")
    assert listed.stdout.splitlines() == [
        "missing  60s/digits/timm-0",
        "1 of 1 missing: 0.0 hours at most, with 40 s a cell for the test pictures",
    ]
    assert run("--only", "minst").returncode == 2
    skipped = run()
    assert skipped.returncode == 0 and "skipped: give --data" in skipped.stderr


def test_a_cell_of_ours_tells_its_commit(tmp_path, monkeypatch):
    running = loaded("quality.running")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    version = metadata.version("striate")
    monkeypatch.setattr(running, "HERE", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert running.own_version() == version  # no repository
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert running.own_version() == f"{version} ({commit.strip()})"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "new.py").touch()
    assert running.own_version() == f"{version} ({commit.strip()}+)"


@pytest.mark.slow
def test_peers_compute_what_the_weights_were_trained_in(real_data):
    import torch

    from striate.models import create_model

    pytest.importorskip("timm")
    weights = real_data("weights") / "mobilenet_v2_imagenet_torchvision_names.pth"
    twin = create_model("mobilenet_v2_tf", num_classes=1_000).eval()
    twin.load_state_dict(torch.load(weights, weights_only=True))
    images = torch.rand(2, 3, 97, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1

    class Job:
        pass

    job = Job()
    job.weights = weights
    with torch.inference_mode():
        expected = twin(images)
        own = loaded("mobilenet", FOLDER / "peers").trained(weights).eval()
        torch.testing.assert_close(own(images), expected, atol=1e-4, rtol=1e-4)
        features = loaded("timm_peer", FOLDER / "peers").network_of(job, 0).eval()(images)
        torch.testing.assert_close(own.classifier(features), expected, atol=1e-4, rtol=1e-4)
