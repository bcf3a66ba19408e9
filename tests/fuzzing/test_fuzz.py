"""The fuzzer takes its own corpus, finds what it is there to find, and finds nothing in what reads files."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("striate_fuzz", Path(__file__).with_name("fuzz.py"))
fuzz = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = fuzz
spec.loader.exec_module(fuzz)

TARGETS = pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.name)


@TARGETS
def test_a_few_changed_files_lead_to_documented_errors(target):
    tried, taken, faults = fuzz.fuzzed(target, seconds=30, most=60)
    assert (tried > 0, faults) == (True, [])
    assert taken < tried


@TARGETS
def test_most_of_the_corpus_is_read(target, tmp_path):
    corpus = target.corpus()
    taken = [fuzz.checked(target, content, tmp_path, 1 << 60) for content in corpus]
    assert sum(taken) >= 2 / 3 * len(corpus)


def test_inputs_follow_from_the_seed():
    corpus = fuzz.tables()
    one, same, other = ([fuzz.mutated(corpus, luck) for _ in range(20)] for luck in map(random.Random, (1, 1, 2)))
    assert one == same != other


def test_what_breaks_the_rule_is_found(tmp_path, monkeypatch):
    def target(read):
        return fuzz.Target("made up", lambda: [b"a"], read, (ValueError,))

    def wrong(content, folder):
        raise KeyError("x")

    def documented(content, folder):
        raise ValueError("one line")

    def wordy(content, folder):
        raise ValueError("two\nlines")

    assert fuzz.checked(target(documented), b"", tmp_path, 1 << 60) is False
    for read, said in [(wrong, "KeyError: 'x'"), (wordy, "several lines: ")]:
        with pytest.raises(fuzz.Fault, match=said):
            fuzz.checked(target(read), b"", tmp_path, 1 << 60)
    monkeypatch.setattr(fuzz, "MOST_SECONDS", 0.01)
    with pytest.raises(fuzz.Fault, match=r"it took \d\.\d s"):
        fuzz.checked(target(lambda content, folder: sum(range(2_000_000))), b"", tmp_path, 1 << 60)
    with pytest.raises(fuzz.Fault, match="memory grew by"):
        fuzz.checked(target(lambda content, folder: None), b"", tmp_path, -fuzz.MOST_MEMORY)
