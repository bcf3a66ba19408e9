import dataclasses
import json
import shlex
import shutil

import pytest

import striate
from striate.errors import DataError, UsageError


@pytest.fixture(scope="module")
def card(finished_run, striped):
    return striate.stress(finished_run, striped, only=["angle", "covered"], split="val")


def test_the_card_of_a_run(card, finished_run, striped):
    assert card.count == 6 and card.split == "val" and card.title == finished_run.folder.name
    assert [curve.shift.name for curve in card.limits] == ["turned", "upside_down", "mirrored", "covered"]
    found = striate.evaluate(finished_run, striped, split="val")
    assert card.classifiers[0].clean == found.accuracy


def test_the_same_again_and_other_pictures_by_another_seed(card, finished_run, striped):
    again = striate.stress(finished_run, striped, only=["angle", "covered"], split="val")
    assert again.to_dict() == card.to_dict() and again.to_html() == card.to_html()
    few = striate.stress(finished_run, striped, only=["mirrored"], split="val", pictures=4)
    assert few.count == 4


def test_what_it_says(card):
    figures = json.loads(json.dumps(card.to_dict()))
    assert figures["accuracy"] == card.classifiers[0].clean
    row = figures["classifiers"][0]["shifts"][0]
    assert (row["shift"], row["unit"], row["levels"]) == ("turned", "degrees", [10, 20, 30, 45, 90])
    assert len(row["accuracy"]) == len(row["accuracy_intervals"]) == 5
    text = card.to_text(width=60)
    assert "10 points down at" in text and all(len(line) <= 60 for line in text.splitlines())
    assert "Turned" in card._repr_html_() or "turned" in card._repr_html_()
    page = card.to_html()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count('class="curve"') == 4 and "Accuracy, Turned:" in page


def test_a_card_of_few_pictures_says_that_it_is_rough_and_names_all_that_holds(card):
    assert card.summary[-1] == "Of 6 pictures each counts 16.7 points: these limits are rough."
    held = [curve.shift.title for curve in card.limits if curve.falls_at is None]
    said = [sentence for sentence in card.summary if sentence.startswith("It holds")]
    assert said == ([f"It holds, to the last level that was tried: {', '.join(held)}."] if held else [])
    many = dataclasses.replace(card, count=30)
    assert not any("rough" in sentence for sentence in many.summary)
    # A shift of one level has no size; its name stands beneath its curve.
    assert ">upside down</text>" in card.to_html()


def test_of_each_class_there_is_a_picture(finished_run, striped):
    assert striate.stress(finished_run, striped, only=["mirrored"], split="val", pictures=1).count == 2


def test_the_command_on_the_page_makes_the_same_card(finished_run, striped, tmp_path, striate_command):
    run = shutil.copytree(finished_run.folder, tmp_path / "of two words")
    options = {"only": ["angle", "covered"], "split": "val", "against": finished_run.folder, "pictures": 4, "seed": 3}
    card = striate.stress(run, striped, corruptions=False, **options)
    assert card.command == (
        f"striate stress '{run}' {striped} --pictures 4 --seed 3 --split val --against {finished_run.folder} "
        "--only angle --only covered --no-corruptions"
    )
    again = striate_command(*shlex.split(card.command)[1:], "--json", "--quiet")
    assert json.loads(again.out) == json.loads(json.dumps(card.to_dict()))


def test_against_another_on_the_same_pictures(finished_run, striped):
    card = striate.stress(finished_run, striped, against=finished_run, only=["corruption"], split="val")
    assert [one.name for one in card.classifiers] == [
        finished_run.folder.name,
        f"against {finished_run.folder.resolve()}",
    ]
    assert card.classifiers[0].corruption_errors == card.classifiers[1].corruption_errors
    assert len(card.classifiers[0].corruption_errors) == 15
    if card.mean_corruption_error is not None:  # no error of the baseline is 0
        assert card.mean_corruption_error == pytest.approx(1)
        assert f"mCE 100.0 against {finished_run.folder.resolve()}" in card.summary[-1]
    assert "Mean error over ImageNet-C's 15 corruptions and 5 severities" in card.summary[-1]


def test_wrong_requests(finished_run, striped):
    with pytest.raises(UsageError, match=r"no shift 'angel'.*angle|'angel'"):
        striate.stress(finished_run, striped, only=["angel"])
    with pytest.raises(UsageError, match="pictures must be at least 1, got 0"):
        striate.stress(finished_run, striped, pictures=0)
    with pytest.raises(DataError, match="trained on all"):
        striate.stress(finished_run, striped, split="train")
