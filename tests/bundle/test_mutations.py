"""Whatever stands in a bundle's JSON files, it is opened or refused with a sentence; never anything else."""

import copy
import hashlib
import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from striate.bundle import open_bundle
from striate.errors import BundleError
from striate.runtime import Classifier, OpenVINOEngine

DEEP = "placeholder of a hundred thousand lists"
VALUES = [
    None,
    True,
    0,
    -1,
    2,
    0.5,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    10**400,
    10**5000,
    "",
    "x",
    "\ud800",
    "nul\0byte",
    "../../etc/passwd",
    "/etc/passwd",
    "n" * 300,
    "n" * 20_000,
    "a/" * 3000 + "b",
    DEEP,
    [],
    [[]],
    ["a", "a"],
    {},
    {"": 1},
    {"\ud800": {}},
]
FILES = ("contract.json", "canaries/canaries.json")


class Changeable:
    """A folder to change at will, what stands in its two files, and an engine for its network."""

    def __init__(self, folder):
        self.folder = folder
        self.tables = {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in FILES}
        self.engine = OpenVINOEngine(folder / "engine.xml", open_bundle(folder).contract.preprocessing)


@pytest.fixture(scope="module")
def bundle(finished_run, tmp_path_factory):
    return Changeable(shutil.copytree(finished_run.folder / "bundle", tmp_path_factory.mktemp("mutated") / "bundle"))


@st.composite
def mutations(draw):
    """A file, where in it something is changed (which child at each level), how, and by what value."""
    how = draw(st.sampled_from(["replace", "remove", "add", "rename", "twice"]))
    place = draw(st.lists(st.integers(0, 2**16), min_size=1, max_size=5))
    return draw(st.sampled_from(FILES)), place, how, draw(st.sampled_from(VALUES))


def write(path, table, twice=None):
    """Writes JSON as anybody might: with NaN, escaped surrogates, a key twice, and very deep."""
    text = json.dumps(table).replace(f'"{DEEP}"', "[" * 100_000 + "]" * 100_000)
    if twice is not None:
        text = text[:-1] + f", {json.dumps(twice)}: 1" + "}"
    path.write_text(text, encoding="utf-8")


def digest(table):
    """A contract's digest as it would be if JSON had all these values."""
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def change(table, place, how, value):
    """Changes one value somewhere below; answers a key that shall be there twice, if any."""
    parent, key = table, None
    for step in place:
        children = list(parent) if isinstance(parent, dict) else range(len(parent))
        if not len(children):
            break
        key = children[step % len(children)]
        if not isinstance(parent[key], dict | list) or step is place[-1]:
            break
        parent = parent[key]
        key = None
    if how == "add" or key is None:
        if isinstance(parent, dict):
            parent["added"] = value
        else:
            parent.append(value)
    elif how == "replace":
        parent[key] = value
    elif how == "remove":
        del parent[key]
    elif how == "rename" and isinstance(parent, dict) and isinstance(value, str):
        parent[value] = parent.pop(key)
    elif isinstance(parent, list):
        parent.append(parent[key])
    else:
        return str(key) if parent is table else None
    return None


def bind(contract, sheet):
    """The canaries' bindings to the contract, computed anew where that is possible."""
    if isinstance(sheet.get("made_with"), dict):
        for part in sheet["made_with"].keys() & contract.keys():
            sheet["made_with"][part] = digest(contract[part])


@given(mutation=mutations(), anew=st.sampled_from(["nothing", "digests", "bindings too"]))
@example(mutation=("contract.json", [0], "replace", DEEP), anew="bindings too")
@example(mutation=("canaries/canaries.json", [0], "replace", DEEP), anew="digests")
@example(mutation=("contract.json", [0], "replace", 10**5000), anew="nothing")
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
def test_every_mutation_is_refused_with_a_sentence_or_harmless(bundle, mutation, anew, limitless_integers):
    folder, tables, engine = bundle.folder, bundle.tables, bundle.engine
    file, place, how, value = mutation
    changed = copy.deepcopy(tables)
    twice = change(changed[file], place, how, value)
    contract, sheet = (changed[name] for name in FILES)
    if anew == "bindings too":
        bind(contract, sheet)
    write(folder / FILES[1], sheet, twice if file == FILES[1] else None)
    if anew != "nothing":
        if isinstance(contract.get("files"), dict):
            contract["files"][FILES[1]] = hashlib.sha256((folder / FILES[1]).read_bytes()).hexdigest()
        contract.pop("digest", None)
        contract["digest"] = digest(contract)
    write(folder / FILES[0], contract, twice if file == FILES[0] else None)
    try:
        classifier = Classifier(open_bundle(folder), engine)
    except BundleError as error:
        text = str(error)
        assert text.startswith(f"{folder}: ")
        assert len(text) - len(str(folder)) < 800
        return
    assert anew != "nothing" or changed == tables
    # What was let through does not weaken what is checked, and its probabilities are numbers.
    assert classifier.canary_difference < 1e-5
    assert np.isfinite(classifier.predict_proba(np.zeros((8, 8), np.uint8))).all()


@pytest.fixture
def limitless_integers():
    """Python refuses to write very long integers; who attacks does not."""
    import sys

    limit = sys.get_int_max_str_digits()

    def allow(digits):
        sys.set_int_max_str_digits(digits)

    allow(0)
    yield
    allow(limit)
