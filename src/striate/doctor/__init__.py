"""The data doctor: what is wrong with pictures, labels and folders, found in one look at each picture.

`audit` looks at every picture once; each row of `KINDS` searches what was measured; `diagnose` answers all findings.
"""

from __future__ import annotations

from striate.doctor.audit import Audit, audit
from striate.doctor.finding import Finding
from striate.doctor.fix_list import fix_list
from striate.doctor.kind import Kind, Seen
from striate.doctor.kinds import KINDS, diagnose

__all__ = ["KINDS", "Audit", "Finding", "Kind", "Seen", "audit", "diagnose", "fix_list"]
