"""The page of a table and its picture, made of the cells that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quality.cells import Cell, Place, read_cells, read_facts
from quality.picture import draw
from quality.plan import Table
from quality.ranking import Standing, Verdict, mean_rank, ranked
from quality.sets import Facts

Columns = dict[tuple[int, str], tuple[dict[str, Standing], Verdict | None]]


def write_pages(table: Table, results: Path, docs: Path) -> None:
    """Writes the page, and its picture if there are cells."""
    cells, facts = read_cells(results), read_facts(results)
    docs.mkdir(parents=True, exist_ok=True)
    if cells:
        (docs / f"{table.name}.png").write_bytes(draw(table, cells, facts))
    (docs / f"{table.name}.md").write_text(write_page(table, cells, facts), encoding="utf-8")


def write_page(table: Table, cells: Mapping[Place, Cell], facts: Mapping[str, Facts]) -> str:
    """All of it as Markdown."""
    tables = {own: ranked(own, table, cells, facts) for own in table.judged()}
    parts = [table.head, bar(table, tables, cells)]
    if not cells:
        return "\n".join(parts)
    parts += [f"![Accuracy on the test pictures against seconds, for each set]({table.name}.png)\n"]
    parts += [
        "A line is the course of Striate's tournament: the accuracy on the validation pictures of what had the place.\n"
    ]
    for budget in table.budgets():
        parts.append(f"## {budget} seconds\n")
        for own in table.judged():
            parts += [f"### {league_of(table, own)}\n", summary(own, budget, table, tables[own])]
        for dataset in table.sets(budget):
            if any((budget, dataset) in columns for columns in tables.values()):
                parts.append(details(budget, dataset, table, tables, facts[dataset]))
    parts.append(conditions(cells))
    return "\n".join(parts)


def league_of(table: Table, own: str) -> str:
    """What a comparison is called."""
    return table.contenders[own].league.capitalize()


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{100 * share:.1f}"


def bar(table: Table, tables: Mapping[str, Columns], cells: Mapping[Place, Cell]) -> str:
    """What was to be reached, and what was not, with numbers."""
    lines = [
        "## The bar\n",
        "On every set and budget not worse than the best of the others by the paired test; "
        f"{'' if table.mean_rank is None else f'mean rank at most {table.mean_rank}; '}nothing sealed at chance; nothing over its time.\n",
    ]
    missing = [place for place in table.places() if place not in cells]
    for own, columns in tables.items():
        verdicts = [verdict for _, verdict in columns.values() if verdict is not None]
        if not verdicts:
            lines.append(f"- {league_of(table, own)}: nothing is measured yet.")
            continue
        worse = [verdict for verdict in verdicts if not verdict.reached]
        mean = mean_rank(verdicts)
        lines.append(
            f"- {league_of(table, own)}: not worse on {len(verdicts) - len(worse)} of {len(verdicts)}; "
            f"mean rank {mean:.2f}{'' if mean <= (table.mean_rank or mean) else ', **missed**'}."
        )
        lines += [f"  - **missed**: {missed(table, verdict)}" for verdict in worse]
        lines += [
            f"  - **at chance**: {name(verdict)}, {percent(verdict.own.accuracy)} % where always the most frequent class gives "
            f"{percent(verdict.chance)} %"
            for verdict in verdicts
            if verdict.at_chance
        ]
    late = [cell for place, cell in cells.items() if place.contender in tables and cell.wall_seconds > place.budget]
    lines += [f"- **over its time**: `{cell.place}`, {cell.wall_seconds:.1f} s" for cell in late]
    broken = [cell for cell in cells.values() if cell.failure]
    lines += [f"- failed: `{cell.place}`: {cell.failure}" for cell in broken]
    if missing:
        lines.append(f"- {len(missing)} of {len(table.places())} cells are not measured yet.")
    return "\n".join(lines) + "\n"


def name(verdict: Verdict) -> str:
    """A set and a budget."""
    return f"{verdict.dataset} in {verdict.budget} s"


def missed(table: Table, verdict: Verdict) -> str:
    """A comparison that is lost."""
    found, best = verdict.comparison, table.contenders[verdict.best.contender].title
    return (
        f"{name(verdict)}: {percent(verdict.own.accuracy)} % against {percent(verdict.best.accuracy)} % of {best} "
        f"(alone right on {found.only_candidate} and {found.only_reference} of {found.count} pictures, p = {found.p_value:.2g})"
    )


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)]) + "\n"


def summary(own: str, budget: int, table: Table, columns: Columns) -> str:
    """Accuracy of each contender on each set; bold: nobody is better by the paired test."""
    names = table.league(own)
    body = []
    for dataset in table.sets(budget):
        found = columns.get((budget, dataset), ({}, None))[0]
        body.append([dataset, *(short(found.get(contender)) for contender in names)])
    return rows(["accuracy, %", *(table.contenders[contender].title for contender in names)], body)


def short(standing: Standing | None) -> str:
    """A cell of the summary."""
    if standing is None:
        return "missing"
    if standing.cell.failure:
        return "failed"
    text = percent(standing.accuracy)
    return f"**{text}**" if standing.rank == 1 else f"{text} ({standing.rank})"


def details(budget: int, dataset: str, table: Table, tables: Mapping[str, Columns], facts: Facts) -> str:
    """One set within one budget: a row a contender."""
    body = []
    shown: set[str] = set()
    for own in tables:
        found, _ = tables[own].get((budget, dataset), ({}, None))
        for contender in table.league(own):
            if contender in found and contender not in shown:
                shown.add(contender)
                body.append(detail(table.contenders[contender].title, found[contender]))
    count = len(facts.labels())
    title = (
        f"#### {facts.title}: {len(facts.classes)} classes, {facts.train:,} train, {facts.val:,} val, {count:,} test\n"
    )
    head = ["contender", "accuracy, %", "95 %", "seeds", "rank", "wall", "processor", "memory", "how"]
    return title + "\n" + rows(head, body)


def detail(title: str, standing: Standing) -> list[str]:
    """A contender's row."""
    cell = standing.cell
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
