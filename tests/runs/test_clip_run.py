"""A run on clips from its data to its bundle, report and predictions: which way a digit moves."""

import json

import numpy as np
import pytest
from benchmarks.moving_digits import WAYS, digit_pictures, moving
from PIL import Image

import striate
from striate.errors import UsageError
from striate.pixels.clip_encoding import ClipEncoding


def write_clips(folder, sequences, ways):
    """Every second clip is a GIF, the others are folders of numbered frames."""
    for place, (sequence, way) in enumerate(zip(sequences, ways, strict=True)):
        frames = [Image.fromarray((frame[0] * 255).astype(np.uint8)) for frame in sequence]
        clip = folder / list(WAYS)[way] / f"{place:04}"
        clip.parent.mkdir(parents=True, exist_ok=True)
        if place % 2:
            frames[0].save(clip.with_suffix(".gif"), save_all=True, append_images=frames[1:])
        else:
            clip.mkdir()
            for number, frame in enumerate(frames):
                frame.save(clip / f"frame_{number}.png")


@pytest.fixture(scope="module")
def clips(once):
    return once("clips/moving", lambda folder: write_clips(folder, *moving(digit_pictures(), 96, seed=0)))


@pytest.fixture(scope="module")
def run(clips, once):
    return striate.Run(
        once("runs/moving", lambda folder: striate.train(clips, output=folder, epochs=5, precision="fp32"))
    )


def test_what_is_sealed(run):
    contract = run.contract
    assert (contract.kind, contract.architecture.model, contract.classes) == (
        "frames",
        "convlstm",
        ("down", "left", "right", "up"),
    )
    assert isinstance(contract.preprocessing, ClipEncoding)
    assert contract.preprocessing.shape == (4, 64, 64, 1)
    names = sorted(path.name for path in (run.folder / "bundle" / "canaries").iterdir() if path.suffix != ".json")
    assert names == sorted(ClipEncoding.canary_files)
    assert contract.metrics["test"]["accuracy"] > 0.7  # of 10 clips; by chance it would be a quarter


def test_the_engines_agree(run):
    sequences, _ = moving(digit_pictures(), 24, seed=7)
    given = [(sequence[:, 0] * 255).astype(np.uint8) for sequence in sequences]
    classifiers = [run.classifier(engine=engine) for engine in ("openvino", "torch")]
    answers = [classifier.predict_proba(given) for classifier in classifiers]
    np.testing.assert_allclose(answers[0], answers[1], rtol=0, atol=1e-4)
    assert classifiers[0].predict(given).tolist() == classifiers[1].predict(given).tolist()
    assert classifiers[0].predict(given[0]).tolist() == classifiers[0].predict(given).tolist()[:1]


def test_the_command(run, clips, striate_command):
    folder, gif = clips / "up", next((clips / "up").glob("*.gif"))
    code, out, _ = striate_command("predict", run.folder, gif, "--json")
    assert (code, json.loads(out)["path"]) == (0, str(gif))
    code, out, err = striate_command("predict", run.folder, folder, "none.gif", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == len(list(folder.iterdir())) + 1
    assert (code, rows[-1]["error"]) == (3, "there is no such file or folder")
    assert "clips could not be read" in err
    code, _, err = striate_command("predict", run.folder, "nothing/*")
    assert (code, "nothing matches nothing/*" in err) == (2, True)


def test_the_report_shows_frames(run):
    page = run.report.read_text(encoding="utf-8")
    assert 'alt="A clip of ' in page and "A picture of" not in page
    body = page.split("<body>")[1]
    assert "96 clips of 4 classes" in body
    assert "Every clip could be read." in body
    assert "<img" in body
    assert "CLIP.gif" in page
    assert "Filters" not in body


def test_it_is_found_again_and_evaluated(run, clips):
    assert striate.evaluate(run.folder, clips).accuracy == run.contract.metrics["test"]["accuracy"]
    assert striate.resume(run.folder).metrics == run.metrics
    assert striate.inspect(run.folder).input_shape == (4, 1, 64, 64)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "lenet5"}, r"lenet5 takes pictures, and .* holds clips; networks for them: convlstm$"),
        ({"augment": "none", "size": 32}, "--augment and --size are for pictures; clips are trained on without"),
        ({"weights": "imagenet"}, "--weights is for pictures"),
        ({"task": "multi_label"}, "--task is for pictures; clips are trained on without"),
        ({"batch_size": "auto"}, "--batch-size auto times pictures; for clips give a number"),
        ({"vectors": "a.bin"}, "--vectors goes with networks for sentences"),
    ],
)
def test_what_makes_no_sense_of_clips_is_refused(clips, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        striate.train(clips, output=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_the_network_for_clips_refuses_pictures(tmp_path):
    with pytest.raises(UsageError, match="convlstm takes clips, and 'digits' holds pictures"):
        striate.train("digits", model="convlstm", output=tmp_path / "run")


@pytest.mark.parametrize("verb", ["advise", "find_learning_rate", "deepen"])
def test_verbs_of_pictures_say_so(clips, verb):
    with pytest.raises(UsageError, match="holds clips, and what is asked for is possible only of pictures"):
        getattr(striate, verb)(clips)


@pytest.mark.parametrize("verb", ["quantize", "stress", "visualize", "search"])
def test_verbs_of_a_bundle_for_pictures_say_so(run, clips, tmp_path, verb):
    others = {
        "quantize": (clips,),
        "stress": (clips,),
        "visualize": (next((clips / "up").glob("*.gif")),),
        "search": (clips, next((clips / "up").glob("*.gif"))),
    }
    with pytest.raises(UsageError, match=r"for clips|only of pictures|holds clips"):
        getattr(striate, verb)(run.folder, *others[verb])


@pytest.mark.parametrize("ending", ["onnx", "xml", "pt2"])
def test_it_is_exported_with_equal_answers(run, clips, striate_command, tmp_path, ending):
    file = tmp_path / f"clips.{ending}"
    options = ("--data", clips) if ending == "onnx" else ()
    code, out, err = striate_command("export", run.folder, "-o", file, *options, "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["agreement"]["same_label"] == said["agreement"]["pictures"] >= 96
    assert said["agreement"]["many"] == "clips"
    assert said["agreement"]["pictures_from"].startswith(f"96 of {clips}" if options else "100 made from the canaries")
    assert said["metadata"]["input"].startswith(
        "prepared clips: (batch, 4, 1, 64, 64) float32: 4 frames from the middles of"
    )
    assert json.loads(said["metadata"]["preprocessing"])["count"] == 4
    if ending == "onnx":
        gif = next((clips / "up").glob("*.gif"))
        rows = []
        for engine in ((), ("--engine", file)):
            code, out, err = striate_command("predict", run.folder, gif, *engine, "--json")
            assert code == 0, err
            rows.append({one["label"]: one["probability"] for one in json.loads(out)["top"]})
        assert rows[0] == pytest.approx(rows[1], abs=0.01)  # OpenVINO's own number format here


def test_a_graph_cannot_choose_the_frames_of_a_clip(run, tmp_path):
    with pytest.raises(UsageError, match="which frames of a clip are taken depends on how many it has"):
        striate.export(run.folder, tmp_path / "a.onnx", with_preprocessing=True)
    assert not list(tmp_path.iterdir())


def test_check_tells_of_them(clips, striate_command):
    code, out, _ = striate_command("check", clips)
    assert code == 0
    assert "96 clips of 4 classes" in out
    assert "16 pixels wide, 16 high; 0 in colour" in out


@pytest.mark.slow
def test_which_way_digits_move(tmp_path):
    digits = digit_pictures()
    order = np.random.default_rng(0).permutation(len(digits))
    write_clips(tmp_path / "clips", *moving(digits[order[: len(order) * 4 // 5]], 1500, seed=1))
    run = striate.train(tmp_path / "clips", output=tmp_path / "run")
    sequences, ways = moving(digits[order[len(order) * 4 // 5 :]], 1000, seed=2)
    answers = run.classifier().predict([(sequence[:, 0] * 255).astype(np.uint8) for sequence in sequences])
    assert np.mean([answer == list(WAYS)[way] for answer, way in zip(answers.tolist(), ways, strict=True)]) >= 0.99
