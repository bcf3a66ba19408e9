"""What the page of sentences says of ten folds is what was kept."""

import json
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_says_what_was_kept():
    cells = json.loads((ROOT / "benchmarks/results/text.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/text.md").read_text(encoding="utf-8")
    for model, paper in (("textcnn_rand", "76.1 %"), ("text_lstm", "–")):
        of_model = [cell for cell in cells if cell["model"] == model]
        assert sorted(cell["fold"] for cell in of_model) == list(range(10))
        accuracies = [100 * cell["accuracy"] for cell in of_model]
        seconds = statistics.mean(cell["seconds_an_epoch"] for cell in of_model)
        mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
        assert f"| `{model}` | {mean:.2f} ± {deviation:.2f} % | {paper} | {seconds:.1f} |" in page
    assert statistics.mean(cell["accuracy"] for cell in cells if cell["model"] == "textcnn_rand") >= 0.755
