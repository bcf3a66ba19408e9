"""What users ask for, read and refused."""

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.tasks.rule_wish import RuleWish, read_abstain, read_costs, wish


def test_terms():
    assert read_abstain("error=0.01") == {"error": 0.01}
    assert wish("coverage=0.9, unfamiliar=0.05", conformal=0.95, by_class=True) == RuleWish(
        coverage=0.9, unfamiliar=0.05, conformal=0.95, by_class=True
    )
    assert wish().empty and not wish("error=0.1").empty


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("0.01", UsageError, "--abstain takes terms such as error=0.01 or coverage=0.9, got '0.01'"),
        ("", UsageError, "takes terms such as"),
        ("eror=0.01", UnknownNameError, "eror.*error"),
        ("error=0.01,error=0.02", UsageError, "--abstain has error twice"),
        ("error=1%", UsageError, "--abstain error must be a number, got '1%'"),
        ("error=0", UsageError, "error must be a share between 0 and 1, such as 0.01; got 0"),
        ("error=5", UsageError, "error must be a share between 0 and 1, such as 0.01; got 5"),
        ("coverage=nan", UsageError, "coverage must be a share"),
        ("error=0.01,coverage=0.9", UsageError, "error and coverage exclude each other"),
    ],
)
def test_what_makes_no_sense(text, kind, said):
    with pytest.raises(kind, match=said):
        wish(text)


def test_sets_by_class_are_sets():
    with pytest.raises(UsageError, match="give --conformal with it"):
        wish(by_class=True)


def write(folder, text):
    path = folder / "costs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_costs(tmp_path):
    costs = read_costs(write(tmp_path, "true,cat,dog,abstain\ncat,0,1,0.3\n\ndog, 5 ,0,0.3\n"))
    assert costs.table == {"cat": {"cat": 0.0, "dog": 1.0}, "dog": {"cat": 5.0, "dog": 0.0}}
    assert costs.abstaining == 0.3
    assert read_costs(write(tmp_path, "true,cat,dog\ncat,0,1\ndog,5,0\n")).abstaining is None
    with pytest.raises(UsageError, match="the costs have a price for abstaining, which decides when"):
        RuleWish(error=0.1, costs=costs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no table of costs; expected a first row such as true,cat,dog,abstain"),
        ("true,cat,dog\n", "is no table of costs"),
        ("true,cat,dog\ncat,0\n", "the row of 'cat' has 1 costs where 2 are named"),
        ("true,cat,dog\ncat,0,1\ncat,0,1\n", "the row of 'cat' is there twice"),
        ("true,cat,cat\ncat,0,1\n", "names an answer twice"),
        ("true,cat,dog\ncat,0,x\n", "the row of 'cat' has 'x'; expected a cost from 0"),
        ("true,cat,dog\ncat,0,-1\n", "has '-1'; expected a cost from 0"),
        ("true,cat,dog\ncat,0,nan\n", "has 'nan'"),
        ("true,cat,dog,abstain\ncat,0,1,2\ndog,1,0,3\n", "must have one price in all rows"),
    ],
)
def test_what_is_no_table_of_costs(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        read_costs(write(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(UsageError, match=r"the costs cannot be read from .*: No such file"):
        read_costs(tmp_path / "no.csv")
    (tmp_path / "costs.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="it is not text in UTF-8"):
        read_costs(tmp_path / "costs.csv")
