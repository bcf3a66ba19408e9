"""Every part that a task names is there, with its fragment of the page."""

import dataclasses

import pytest

from striate.report import DataSummary, TrainingReport, render
from striate.report.environment import environment
from striate.report.parts import PARTS
from striate.tasks import TASKS

EMPTY = TrainingReport("t", "r", "now", "lenet5", DataSummary("photos", {}))


def test_parts_are_called_by_their_anchors():
    assert [part.anchor for part in PARTS.values()] == list(PARTS)
    assert {anchor for task in TASKS.values() for anchor in task.parts} <= PARTS.keys()


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_a_part_has_a_fragment_and_tells_nothing_of_nothing(part):
    source, _, _ = environment().loader.get_source(environment(), part.template)
    assert f'<section id="{part.anchor}">' in source
    assert part.words(EMPTY, None) is None


def test_a_report_has_its_tasks_parts_in_their_order_and_no_others(report_on, monkeypatch):

    report = report_on(("cat", "dog", "owl"))
    page = render(report)
    assert page.index('<section id="classes">') < page.index('<section id="confusion">') < page.index('id="mistakes">')
    task = TASKS[report.task]
    monkeypatch.setitem(TASKS, task.name, dataclasses.replace(task, parts=("mistakes", "classes")))
    page = render(report)
    assert page.index('<section id="mistakes">') < page.index('<section id="classes">')
    assert page.index('href="#mistakes"') < page.index('href="#classes"')
    assert 'id="confusion"' not in page and "#confusion" not in page
