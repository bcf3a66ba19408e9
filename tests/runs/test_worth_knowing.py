"""What is worth knowing of a run: its steps, its scores, and what was noted when it was decided, the same everywhere."""

import dataclasses

import numpy as np
import pytest

import striate
from striate.data import load_data
from striate.deciding.run_plan import RunPlan, RunSettings
from striate.evaluation import Finding, score
from striate.pixels import Preprocessing
from striate.runs.worth_knowing import judge_run, keep_findings
from striate.training import Recipe
from striate.training.recipe import ScheduleConfig


def plan_of(*, epochs=40, batch_size=64, total_steps=3, weights="", data="/my photos", notes=()):
    return RunPlan(
        RunSettings(data=data, data_name="photos", total_steps=total_steps, created="2026", weights=weights),
        Recipe(batch_size=batch_size, schedule=ScheduleConfig(epochs=epochs)),
        Preprocessing(colour="grey", resize="none", crop=(8, 8), mean=(0.5,), std=(0.5,)),
        ("a", "b"),
        notes=notes,
    )


@pytest.fixture
def digits():
    """1,439 training pictures, as the built-in set is split."""
    dataset = load_data("digits")
    splits = np.where(np.arange(len(dataset)) < 1439, 1, 2).astype(np.uint8)
    return dataclasses.replace(dataset, splits=splits)


def measured(right, count=100):
    labels = np.arange(count) % 2
    called = np.where(np.arange(count) < right, labels, 1 - labels)
    return {"val": score(np.eye(2)[called], labels, ["a", "b"])}


def test_a_run_of_three_steps_says_how_many_and_what_to_do(digits):
    cut, chance = judge_run(plan_of(), digits, [{"step": 3}], measured(52))
    assert cut == Finding(
        "the time limit left 3 of 920 steps: 192 looks at 1,439 training pictures, 0.13 of 40 epochs, which is too few to learn "
        "well; give a longer --time-limit, a smaller --size or --model, or trained weights (--weights)",
        "warning",
    )
    assert chance.severity == "warning"
    assert chance.text.startswith(
        "52.0% right on the 100 pictures of val is not clearly better than one answer for all"
    )
    assert chance.text.endswith(
        "; train longer (--epochs, --time-limit), start from trained weights (--weights), or look for wrong labels "
        "(striate check '/my photos')"
    )


def test_a_whole_run_at_chance_says_how_much_it_has_seen(digits):
    (chance,) = judge_run(plan_of(total_steps=920), digits, [{"step": 920}], measured(52))
    assert "; 920 steps were taken, 57,560 looks at 1,439 training pictures: train longer (" in chance.text


def test_sentences_are_called_so_and_told_what_helps_sentences(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("".join(f"{name} {number}\n" for number in range(20)))
    sentences = load_data(tmp_path)
    sentences = dataclasses.replace(sentences, splits=np.full(len(sentences), 1, np.uint8))
    (chance,) = judge_run(plan_of(epochs=3, total_steps=3), sentences, [{"step": 3}], measured(52))
    assert chance.text.endswith(
        "; 3 steps were taken, 120 looks at 40 training sentences: train longer (--epochs, --time-limit), begin with vectors of words "
        "(--vectors), give more sentences, or look for wrong labels"
    )


def test_a_time_limit_that_left_enough_is_a_note_and_a_whole_run_none(digits):
    (note,) = judge_run(plan_of(total_steps=300), digits, [{"step": 230}], measured(99))
    assert note.severity == "note"
    assert note.text.startswith("the time limit left 230 of 920 steps: 14,390 looks") and note.text.endswith(
        ", 10 of 40 epochs"
    )
    assert judge_run(plan_of(total_steps=920), digits, [{"step": 920}], measured(99)) == ()
    (short,) = judge_run(plan_of(weights="imagenet"), digits, [{"step": 22}], measured(99))
    assert short.severity == "warning" and "trained weights" not in short.text


def test_a_fitted_head_takes_no_steps_and_is_told_of_other_ways(digits):
    (chance,) = judge_run(plan_of(total_steps=0, weights="imagenet"), digits, [], measured(50))
    assert "steps were taken" not in chance.text and "let more than the head learn (--transfer full)" in chance.text


def test_what_was_not_measured_is_said(digits):
    (finding,) = judge_run(plan_of(total_steps=920), digits, [{"step": 920}], {})
    assert finding.severity == "warning" and finding.text.startswith("nothing tells how good the classifier is")


def test_what_puts_a_result_in_doubt_comes_first(tmp_path):
    plan = plan_of(notes=("no validation split was given",))
    known = keep_findings(tmp_path, plan, [Finding("slow"), Finding("at chance", "warning")])
    assert [finding.text for finding in known] == ["at chance", "slow", "no validation split was given"]
    assert striate.Run(tmp_path).findings == known
