"""`docs/quality.md` and its picture, made of the cells that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quality.cells import Cell, Place, read_cells, read_facts
from quality.contenders import CONTENDERS, OWN
from quality.picture import draw
from quality.plan import LONG, SHORT, all_places
from quality.ranking import MEAN_RANK, OURS, Standing, Verdict, league, mean_rank, ranked, table_of
from quality.sets import Facts

HEAD = """# How good the default is, beside what people would use instead

Written by `make bench-quality` from the cells in `benchmarks/results/quality/`; `python benchmarks/tournament.py --list` says which
there are. Every contender learns from the same pictures within the same time, counted from the start of its process, on the same
two processors, one after the other; its answers to the same test pictures, which it has not seen, are compared picture by picture.
With weights, all start from one file of MobileNetV2's ImageNet weights, and every peer gets them in a network that pads and
normalises as the one that they were trained in; without, all start from nothing. Peers choose the largest pictures of which three
epochs fit the time, measured first, and then as many epochs as fit.

Accuracy is of the middle of three seeds for Striate and of one run for each peer, with its 95 % interval (Wilson). A contender's
rank is one more than the number of those that are better by McNemar's exact test at 5 %, so ties share the better rank. Wall time
is until the classifier is there, for Striate the whole command with sealing, testing and the report; processor time and memory are
those of all its processes.
"""
TITLES = {SHORT: "One minute", LONG: "Five minutes"}
LEAGUES = {OWN: "with weights", f"{OWN}-scratch": "from nothing"}
Table = dict[tuple[int, str], tuple[dict[str, Standing], Verdict | None]]


def write_pages(results: Path, docs: Path) -> None:
    """Writes the page and its picture, if there are cells."""
    cells, facts = read_cells(results), read_facts(results)
    if not cells:
        return
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "quality.png").write_bytes(draw(cells, facts))
    (docs / "quality.md").write_text(write_page(cells, facts), encoding="utf-8")


def write_page(cells: Mapping[Place, Cell], facts: Mapping[str, Facts]) -> str:
    """All of it as Markdown."""
    table = table_of(cells)
    tables = {own: ranked(own, table, facts) for own in OURS}
    parts = [HEAD, bar(tables, cells)]
    parts += ["![Accuracy on the test pictures against seconds, for each set](quality.png)\n"]
    for budget in sorted({place.budget for place in all_places()}):
        parts.append(f"## {TITLES.get(budget, f'{budget} seconds')}\n")
        for own in OURS:
            parts += [f"### {LEAGUES[own].capitalize()}\n", summary(own, budget, tables[own], cells)]
        for dataset in columns(budget):
            if (budget, dataset) in table:
                parts.append(details(budget, dataset, tables, facts[dataset]))
    parts.append(conditions(cells))
    return "\n".join(parts)


def columns(budget: int) -> list[str]:
    """The sets of a budget, in the order in which they are measured."""
    return list(dict.fromkeys(place.dataset for place in all_places() if place.budget == budget))


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{100 * share:.1f}"


def bar(tables: Mapping[str, Table], cells: Mapping[Place, Cell]) -> str:
    """What was to be reached, and what was not, with numbers."""
    lines = [
        "## The bar\n",
        "On every set and budget not worse than the best peer by the paired test; "
        f"mean rank at most {MEAN_RANK}; nothing sealed at chance; nothing over its time.\n",
    ]
    missing = [place for place in all_places() if place not in cells]
    for own in OURS:
        verdicts = [verdict for _, verdict in tables[own].values() if verdict is not None]
        if not verdicts:
            lines.append(f"- {LEAGUES[own].capitalize()}: nothing is measured yet.")
            continue
        worse = [verdict for verdict in verdicts if not verdict.reached]
        mean = mean_rank(verdicts)
        lines.append(
            f"- {LEAGUES[own].capitalize()}: not worse on {len(verdicts) - len(worse)} of {len(verdicts)}; "
            f"mean rank {mean:.2f}{'' if mean <= MEAN_RANK else ', missed'}."
        )
        lines += [f"  - **missed**: {missed(verdict)}" for verdict in worse]
        lines += [
            f"  - **at chance**: {name(verdict)}, {percent(verdict.own.accuracy)} % where always the most frequent class gives "
            f"{percent(verdict.chance)} %"
            for verdict in verdicts
            if verdict.at_chance
        ]
    late = [cell for place, cell in cells.items() if place.contender in OURS and cell.wall_seconds > place.budget]
    lines += [f"- **over its time**: `{cell.place}`, {cell.wall_seconds:.1f} s" for cell in late]
    broken = [cell for cell in cells.values() if cell.failure]
    lines += [f"- failed: `{cell.place}`: {cell.failure}" for cell in broken]
    if missing:
        lines.append(f"- {len(missing)} of {len(all_places())} cells are not measured yet.")
    return "\n".join(lines) + "\n"


def name(verdict: Verdict) -> str:
    """A set and a budget."""
    return f"{verdict.dataset} in {verdict.budget} s"


def missed(verdict: Verdict) -> str:
    """A comparison that is lost."""
    found, best = verdict.comparison, CONTENDERS[verdict.best.contender].title
    return (
        f"{name(verdict)}: {percent(verdict.own.accuracy)} % against {percent(verdict.best.accuracy)} % of {best} "
        f"(alone right on {found.only_candidate} and {found.only_reference} of {found.count} pictures, p = {found.p_value:.2g})"
    )


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)]) + "\n"


def summary(own: str, budget: int, table: Table, cells: Mapping[Place, Cell]) -> str:
    """Accuracy of each contender on each set; bold: nobody is better by the paired test."""
    names = league(own)
    body = []
    for dataset in columns(budget):
        found = table.get((budget, dataset), ({}, None))[0]
        body.append([dataset, *(short(found.get(contender)) for contender in names)])
    return rows(["accuracy, %", *(CONTENDERS[contender].title for contender in names)], body)


def short(standing: Standing | None) -> str:
    """A cell of the summary."""
    if standing is None:
        return "missing"
    if standing.cell.failure:
        return "failed"
    text = percent(standing.accuracy)
    return f"**{text}**" if standing.rank == 1 else f"{text} ({standing.rank})"


def details(budget: int, dataset: str, tables: Mapping[str, Table], facts: Facts) -> str:
    """One set within one budget: a row a contender."""
    body = []
    shown: set[str] = set()
    for own in OURS:
        found, _ = tables[own].get((budget, dataset), ({}, None))
        for contender in league(own):
            if contender in found and contender not in shown:
                shown.add(contender)
                body.append(detail(found[contender]))
    count = len(facts.labels())
    title = (
        f"#### {facts.title}: {len(facts.classes)} classes, {facts.train:,} train, {facts.val:,} val, {count:,} test\n"
    )
    head = ["contender", "accuracy, %", "95 %", "seeds", "rank", "wall", "processor", "memory", "how"]
    return title + "\n" + rows(head, body)


def detail(standing: Standing) -> list[str]:
    """A contender's row."""
    cell = standing.cell
    title = CONTENDERS[standing.contender].title
    if cell.failure:
        return [title, "failed", "", "", "", f"{cell.wall_seconds:.0f} s", "", "", cell.failure.replace("|", "/")]
    low, high = standing.interval
    spread = (
        f"{percent(standing.accuracies[0])} to {percent(standing.accuracies[-1])}"
        if len(standing.accuracies) > 1
        else "1"
    )
    wall = f"{cell.wall_seconds:.0f} s" + (" (over)" if cell.wall_seconds > cell.place.budget else "")
    return [
        title,
        percent(standing.accuracy),
        f"{percent(low)} to {percent(high)}",
        spread,
        str(standing.rank),
        wall,
        f"{cell.cpu_seconds:.0f} s",
        f"{cell.memory_megabytes:,.0f} MB",
        how(cell.notes),
    ]


def how(notes: Mapping[str, Any]) -> str:
    """What a contender says of how it learnt."""
    kept = []
    for key, value in notes.items():
        if key in ("winner", "model", "transfer") and value and not (key != "winner" and "winner" in notes):
            kept.append(str(value))
        elif key == "size" and value:
            kept.append(f"{value[0] if isinstance(value, list) else value} px")
        elif key == "epochs" and value is not None:
            kept.append(f"{value} epochs")
    return ", ".join(kept).replace("|", "/")


def conditions(cells: Mapping[Place, Cell]) -> str:
    """On what, when, and with which versions."""
    versions: dict[str, set[str]] = {}
    for cell in cells.values():
        for package, version in cell.versions.items():
            versions.setdefault(package, set()).add(version)
    machines = sorted({f"{cell.machine}, {cell.processors} processors" for cell in cells.values()})
    days = sorted({cell.when for cell in cells.values()})
    others = max(cell.others_share for cell in cells.values())
    packages = ", ".join(f"{package} {' and '.join(sorted(found))}" for package, found in sorted(versions.items()))
    return (
        f"## Measured on\n\n{'; '.join(machines)}; {days[0]}{'' if len(days) == 1 else f' to {days[-1]}'}; "
        f"other programs took at most {100 * others:.0f} % of the processors meanwhile. {packages}.\n"
    )
