"""Every verb's result shows itself: to a program, in a terminal, in a notebook."""

import inspect
import json
import typing
from types import FunctionType

import pytest

import striate
from striate.results import Result

WORKED_WITH = {"Classifier", "Dataset", "Network", "ndarray", "Walk"}
"""What is worked with, and is no finding: verbs answer these as they are."""


def returned(function):
    """The classes that a verb answers, from its annotation."""
    answered = typing.get_type_hints(function)["return"]
    kinds = typing.get_args(answered) or (answered,)
    return {kind for kind in kinds if inspect.isclass(kind)}


def results_of_the_facade():
    """Each class that a public verb answers, and each public class that is no error and shows itself in a notebook."""
    public = [getattr(striate, name) for name in striate.__all__]
    kinds = set().union(*(returned(value) for value in public if isinstance(value, FunctionType)))
    kinds |= {kind for kind in public if inspect.isclass(kind) and hasattr(kind, "_repr_html_")}
    return {kind for kind in kinds if kind.__module__.startswith("striate.") and kind.__name__ not in WORKED_WITH}


def test_every_public_result_is_one():
    names = {kind.__name__ for kind in results_of_the_facade()}
    assert {"Run", "Prediction", "Evaluation", "Inspection", "DataCheck", "RunList", "Visualization", "Export"} <= names
    assert len(names) >= 19
    lacking = {kind.__name__ for kind in results_of_the_facade() if not issubclass(kind, Result)}
    assert lacking == set()


def test_results_of_verbs_that_only_the_command_has():
    from striate.api.bench_predicting import PredictionBenchmark
    from striate.api.models import Catalogue
    from striate.inspection import EffectiveField

    assert all(issubclass(kind, Result) for kind in (PredictionBenchmark, Catalogue, EffectiveField))


@pytest.mark.parametrize(
    "kind", sorted(results_of_the_facade(), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__
)
def test_each_takes_the_width_of_a_screen_by_name(kind):
    width = inspect.signature(kind.to_text).parameters["width"]
    assert width.default is None and width.kind is not width.POSITIONAL_ONLY


def test_the_text_keeps_to_the_screen_and_the_table_is_json(finished_run, drawn, tmp_path):
    from striate.api.models import catalogue
    from striate.text_layout import cell_width

    data = drawn(tmp_path / "data", ("across", "bands"), 2)
    found = [
        finished_run,
        striate.evaluate(finished_run, data, include_seen=True),
        striate.check(data),
        striate.list_runs(finished_run.folder.parent),
        striate.export(finished_run, tmp_path / "one.xml"),
        next(striate.predict(finished_run, data)),
        striate.visualize(finished_run, next(data.rglob("*.png")), method="feature-maps"),
        striate.inspect(finished_run),
        striate.cache_contents(),
        catalogue(),
    ]
    for result in found:
        assert isinstance(result, Result)
        assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
        assert all(
            cell_width(line) <= 50 or len(line.split()) <= 2 for line in result.to_text(width=50).splitlines()
        ), result.to_text(width=50)
        assert len(result.to_text().splitlines()) <= len(result.to_text(width=50).splitlines())
        assert result._repr_html_().startswith("<div")
