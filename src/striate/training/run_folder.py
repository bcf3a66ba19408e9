"""The names of what a run folder holds."""

RECIPE = "recipe.toml"
SPLITS = "split.csv"
METRICS = "metrics.jsonl"
FINDINGS = "findings.json"
REPORT = "report.html"
CHECKPOINTS = "checkpoints"
BUNDLE = "bundle"
