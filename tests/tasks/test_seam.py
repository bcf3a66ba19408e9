"""What is of one label a picture is computed behind the seam of tasks, and nowhere else; and nothing else names a task.

What counts, by the syntax trees: softmax, argmax and cross-entropy by any of their names in numpy, torch, scikit-learn and
`striate.evaluation`; the figures of classification of scikit-learn; and a share or number of equal entries, which is an accuracy
wherever both sides are computed. Reading a field that is called accuracy, or writing the word, is no computation.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from striate.tasks import TASKS

PACKAGE = Path(__file__).parents[2] / "src" / "striate"

BEHIND_THE_SEAM = ("tasks/", "training/objectives.py", "training/losses.py", "training/ctc.py", "nn/lenet_loss.py")
OF_CLASSES_BY_THEMSELVES = ("evaluation/", "inspection/", "seeing/", "visualization/")
"""Pure functions of one label, and what is seen of a class."""

NAMES = {
    *("softmax", "log_softmax", "Softmax", "LogSoftmax", "Softmax2d", "gumbel_softmax"),
    *("argmax", "nanargmax", "idxmax"),
    *("cross_entropy", "cross_entropy_loss", "CrossEntropyLoss", "nll_loss", "NLLLoss", "log_loss"),
    *("accuracy_score", "balanced_accuracy_score", "top_k_accuracy_score", "most_confident_mistakes"),
}
FIELDS = {"log_loss"}
"""Scores have fields of these names: they count where they are imported or called."""
FROM_EVALUATION = {"score", "softmax", "most_confident_mistakes"}
COUNTS = {"mean", "sum", "average", "count_nonzero"}

EXCEPTIONS = {
    ("augmentation/mixtures.py", "argmax"): "the first draw that is accepted, of several",
    ("data/simple_pictures.py", "argmax"): "the grey level that most of a picture is near",
    ("doctor/classes.py", "argmax"): "the class that has the most pictures",
    ("nn/patch_whitening.py", "argmax"): "the entry of a vector that decides its sign",
    (
        "reproductions/learning.py",
        "argmax",
    ): "the class that is answered: experiments are of pictures of one class each",
    (
        "reproductions/learning.py",
        "cross_entropy",
    ): "the loss whose gradient's norm in each layer is told before learning",
    (
        "reproductions/reading.py",
        "argmax",
    ): "the class that is answered: experiments are of sentences of one class each",
    ("serving/routes/explain.py", "argmax"): "the class that is looked at, where none is named",
    ("studio/rooms/try_it/explaining.py", "argmax"): "the class that is looked at, where none is followed",
    ("studio/rooms/walk/ways_of_seeing.py", "argmax"): "the class that is looked at",
    ("transfer/regression.py", "argmax"): "what a regression that is of one label itself answers",
}


def is_constant(node: ast.expr) -> bool:
    """A literal, or a name in capitals: what is compared with it is looked for, not judged."""
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def is_judged(node: ast.expr) -> bool:
    """An equality, or inequality, of two computed things."""
    return (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq | ast.NotEq)
        and not any(is_constant(side) for side in (node.left, node.comparators[0]))
    )


def computations(source: str) -> Iterator[tuple[int, str]]:
    """(line, what) of everything in a module that computes something of one label."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            from_evaluation = str(node.module).startswith("striate.evaluation")
            for alias in node.names:
                if alias.name in NAMES or (from_evaluation and alias.name in FROM_EVALUATION):
                    yield node.lineno, alias.name
        elif isinstance(node, ast.Attribute) and node.attr in NAMES - FIELDS:
            yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in FIELDS:
                yield node.lineno, node.func.attr
            elif node.func.attr in COUNTS and any(is_judged(part) for part in (node.func.value, *node.args[:1])):
                yield node.lineno, "accuracy"


FILES = [
    str(path.relative_to(PACKAGE))
    for path in sorted(PACKAGE.rglob("*.py"))
    if not str(path.relative_to(PACKAGE)).startswith(BEHIND_THE_SEAM + OF_CLASSES_BY_THEMSELVES)
]


@pytest.mark.parametrize("file", FILES)
def test_nothing_else_computes_what_is_of_one_label(file):
    found = [
        f"line {line}: {what}"
        for line, what in computations((PACKAGE / file).read_text(encoding="utf-8"))
        if (file, what) not in EXCEPTIONS
    ]
    assert not found, f"{file} asks no task: {found}"


def test_every_exception_is_still_there():
    for file, what in EXCEPTIONS:
        assert what in {name for _, name in computations((PACKAGE / file).read_text(encoding="utf-8"))}


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("best = logits.argmax(1)", "argmax"),
        ("best = np.argmax(logits, axis=1)", "argmax"),
        ("from scipy.special import softmax as powers", "softmax"),
        ("loss = functional.cross_entropy(logits, labels)", "cross_entropy"),
        ("loss = torch.nn.CrossEntropyLoss()", "CrossEntropyLoss"),
        ("from sklearn.metrics import accuracy_score", "accuracy_score"),
        ("loss = metrics.log_loss(labels, chances)", "log_loss"),
        ("from striate.evaluation import Scores, score", "score"),
        ("share = (answers == labels).mean()", "accuracy"),
        ("share = float(np.mean(answers != labels))", "accuracy"),
        ("right += (answers == labels).sum()", "accuracy"),
        ("right = np.count_nonzero(answers == labels)", "accuracy"),
    ],
)
def test_what_is_of_one_label_is_found(source, what):
    assert [name for _, name in computations(source)] == [what]


@pytest.mark.parametrize(
    "source",
    [
        "text = f'{scores.accuracy:.1%}, {scores.log_loss:.3f}'",
        "accuracy = tally.right / tally.pictures",
        "taken = np.count_nonzero(splits == VAL)",
        "threes = (labels == 3).sum()",
        "shares = task.same(answers, labels).mean()",
        "from striate.evaluation import Scores, judge_scores",
        "name = 'cross_entropy'",
    ],
)
def test_what_is_none_is_let_be(source):
    assert list(computations(source)) == []


NAMES_TASKS = ("tasks/", "training/objectives.py", "report/parts/")


def names_of_tasks() -> set[str]:
    """What the tasks are called: in contracts, as classes, and as the instances that their modules have."""
    names = set()
    for task in TASKS.values():
        module = sys.modules[type(task).__module__]
        instances = {name for name, value in vars(module).items() if isinstance(value, type(task))}
        names |= {task.name, type(task).__name__, module.__name__} | instances
    return names


def named_tasks(source: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """(line, name) of every text, name, attribute and import in a module that is a task's."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in names:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in names:
                yield node.lineno, name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in [*module, *(alias.name for alias in node.names)]:
                if name in names:
                    yield node.lineno, name


@pytest.mark.parametrize(
    "file",
    [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(NAMES_TASKS)
    ],
)
def test_nothing_else_names_a_task(file):
    found = list(named_tasks((PACKAGE / file).read_text(encoding="utf-8"), names_of_tasks()))
    assert not found, f"{file} names a task: {found}; it asks `named_task`, or takes `USUAL_TASK` where nothing is said"


@pytest.mark.parametrize(
    "source",
    [
        'if task.name == "single_label":\n    pass',
        "from striate.tasks import SINGLE_LABEL",
        "from striate.tasks.single_label import SingleLabel as Task",
        "import striate.tasks.single_label",
        "task = tasks.SINGLE_LABEL",
        'match name:\n    case "single_label":\n        pass',
    ],
)
def test_a_named_task_is_found(source):
    assert list(named_tasks(source, names_of_tasks()))


def test_asking_for_a_task_names_none():
    assert not list(named_tasks('task = named_task(recipe.task)\nsaid = "a single_label of many"', names_of_tasks()))
