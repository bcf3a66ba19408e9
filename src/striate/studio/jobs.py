"""Longer work that a page starts, asks how far it is, and takes the result of; the newest few are kept."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from striate.errors import StriateError
from striate.serving.problems import ProblemError
from striate.studio.studio import Studio
from striate.watching import Watcher

MOST = 6
"""Jobs that are kept, whether they wait or have a result; what is worked on stays beside them."""


@dataclass(eq=False)
class Job(Watcher):
    """A piece of work: it hears itself how far it is."""

    number: int
    wish: object
    """What it is asked for: who asks for the same is given the same job."""
    stage: str = ""
    done: int = 0
    total: int = 0
    notes: list[str] = field(default_factory=list)
    result: Any = None
    refusal: str = ""
    begun: bool = False
    ended: bool = False

    def task(self, name: str, done: int, total: int) -> None:
        """A part of the work has come this far."""
        self.stage, self.done, self.total = name, done, total

    def note(self, text: str) -> None:
        """Something worth knowing."""
        self.notes.append(text)

    def to_dict(self) -> dict[str, Any]:
        """How far it is, as JSON types; the result is the room's to tell."""
        progress = {"stage": self.stage, "done": self.done, "total": self.total}
        return {"job": self.number, "ended": self.ended, "refusal": self.refusal, "notes": self.notes[:20], **progress}


class Jobs:
    """The jobs of a room."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count(1)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def start(self, studio: Studio, wish: object, work: Callable[[Job], Any]) -> Job:
        """The job of a wish: one that is under way or done, else a new one, which has its turn after what torch does already.

        Args:
            studio: Where it is worked.
            wish: What it is of.
            work: Does it, in a thread; what it raises of ours is the job's refusal.
        """
        for job in self._jobs.values():
            if job.wish == wish and not job.refusal:
                return job
        job = Job(next(self._numbers), wish)
        self._jobs[job.number] = job
        for older in list(self._jobs.values())[:-MOST]:
            self._forget(older)
        task = asyncio.get_running_loop().create_task(self._work(studio, job, work))
        self._tasks[job.number] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.number, None))
        return job

    def find(self, number: str) -> Job:
        """The job of a number.

        Raises:
            ProblemError: 404 if there is none, or it was forgotten for newer ones.
        """
        job = self._jobs.get(int(number)) if number.isdecimal() and len(number) < 10 else None
        if job is None:
            raise ProblemError(404, f"there is no job {number!r:.30} any more; ask for it again")
        return job

    def _forget(self, job: Job) -> None:
        """Makes room for newer ones; the one that is worked on stays, for its thread cannot be stopped."""
        if job.begun and not job.ended:
            return
        if not job.ended:
            job.refusal, job.ended = "newer wishes took its place; ask for it again", True
            self._tasks[job.number].cancel()
        del self._jobs[job.number]

    async def _work(self, studio: Studio, job: Job, work: Callable[[Job], Any]) -> None:
        def begin() -> Any:
            job.begun = True
            return work(job)

        try:
            job.result = await studio.in_turn(begin)
        except (StriateError, ProblemError, OSError) as error:
            job.refusal = str(error)
        except Exception as error:
            job.refusal = f"a fault of the program: {type(error).__name__}: {error}"
            raise
        finally:
            job.ended = True
