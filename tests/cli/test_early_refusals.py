"""What is wrong with a command is said before its work is done: here nothing else of the command is there, so nothing can be done.

The data, the run, the weights and the picture of each command do not exist, and nobody answers in the network. Who read, loaded
or downloaded anything first would complain of that instead.
"""

import sys

import pytest

TRAINING = [
    (["--model", "resnet21"], "unknown model 'resnet21'; did you mean 'resnet20'"),
    (
        ["--transfer", "stagez:1"],
        "--transfer must be scratch, head, full, stages:N, head:STAGE, head:STAGE+STAGE or auto, got 'stagez:1'",
    ),
    (["--transfer", "full"], "--transfer full starts from trained weights"),
    (
        ["--model", "resnet20", "--weights", "no.pth", "--transfer", "stages:99"],
        "--transfer stages:99: resnet20 has 4 stages; give 1 to 4",
    ),
    (["--weights", "no.pth"], "weights file no.pth does not exist"),
    (["--model", "lenet5", "--weights", "imagenet"], "lenet5 has no published ImageNet weights"),
    (["--init", "he_norml"], "unknown initialisation 'he_norml'; did you mean 'he_normal'"),
    (
        ["--augment", "foo"],
        "unknown augmentation policy 'foo' (policies: none, light, standard, strong; operations alone: ",
    ),
    (["--augment", "no.toml"], "cannot read the augmentation policy no.toml: No such file or directory"),
    (["--balance", "sampling"], "unknown balance 'sampling'; did you mean 'sampler'"),
    (["--epochs", "0"], "schedule.epochs must be 1 or more, got 0"),
    (["--batch-size", "some"], "--batch-size must be a whole number or auto, got 'some'"),
    (["--model", "resnet20", "--batch-size", "1"], "batch_size must be 2 or more for resnet20, whose batch norm"),
    (
        ["--model", "resnet20", "--recipe", "lenet5_1998", "--batch-size", "2"],
        "and ResNet has AdaptiveAvgPool2d, BatchNorm2d,",
    ),
    (
        ["--recipe", "lenet5_1989"],
        "cannot read the recipe lenet5_1989: No such file or directory; those that have a name:",
    ),
    (["--size", "0"], "size must lie in 1..4096 pixels, got 0"),
    (["--model", "lenet5", "--size", "5"], "lenet5 takes pictures of 32 x 32 pixels only, got 5; leave the size out"),
    (
        ["--model", "vgg11", "--size", "8"],
        "pictures of 8 x 8 pixels are too small for the network: it needs at least 32 x 32",
    ),
    (["--seed", "-1"], "seed must be in 0..2^63-1, got -1"),
    (["--precision", "fp23"], "unknown precision 'fp23'; did you mean 'fp32'"),
    (["--device", "tpu"], "unknown device 'tpu'; expected auto, cpu, cuda or cuda:1"),
    (["--time-limit", "3"], "a duration needs a unit: 3s, 3m or 3h; got '3'"),
    (["--recipe", "no.toml"], "cannot read the recipe no.toml"),
    (["--set", "optimizer.lr=1"], "unknown recipe key 'optimizer.lr'; known: "),
    (["--mean", "0.5"], "--mean and --std belong together; give both or neither"),
    (["--mean", "0.5,0.5", "--std", "1"], "--mean needs 1 or 3 numbers, got 2"),
    (["--mean", "0.5", "--std", "0"], "--std needs numbers above 0, got 0"),
    (["--mean", "nan", "--std", "1"], "--mean needs numbers, got nan"),
    (["--mean", "half", "--std", "1"], "--mean needs numbers such as 0.5"),
]
NO_FOLDER = "there is no folder no"

REFUSED = [
    *((("train", "nothing", *options), said) for options, said in TRAINING),
    (
        ("train", "nothing", "--model", "lenet5", "--weights", "no.pth", "--transfer", "head"),
        "--transfer head fits a dense last layer, and the head of lenet5",
    ),
    (("train", "nothing", "--time-limit", "3s"), "the time limit leaves no time to train after 6 s for sealing"),
    (("train", "nothing", "--metric", "f1_micro"), "unknown metric 'f1_micro'; did you mean 'f1_macro'"),
    (
        ("train", "nothing", "--metric", "f1_macro", "--model", "lenet5"),
        "compared by, and --model has one alone trained; leave out --metric, or --model",
    ),
    (("train", "nothing", "--output", __file__), "is a file; name a folder that does not exist yet"),
    (("train", "nothing", "--model", "mobilenet_v2", "--weights", "imagenet"), "there is no 'nothing'"),
    (("train", "--resume", "no", "--epochs", "3", "--size", "8"), "it does not take --epochs, --size"),
    *((("learning-rate", "nothing", *options), said) for options, said in TRAINING),
    (("learning-rate", "nothing", "--steps", "3"), "a range test needs 10 steps or more, got 3"),
    (("learning-rate", "nothing", "--output", "rates.gif"), "expected a name that ends in"),
    (("learning-rate", "nothing", "--weights", "no.pth", "--transfer", "head"), "takes no steps of gradient descent"),
    (("advise", "nothing", "--model", "resnet21"), "unknown model 'resnet21'"),
    (("advise", "nothing", "--weights", "no.pth"), "weights file no.pth does not exist"),
    (("advise", "nothing", "--model", "lenet5", "--weights", "imagenet"), "lenet5 has no published ImageNet weights"),
    (("advise", "nothing"), "there is no 'nothing'"),
    (("advise", "nothing", "--size", "-1"), "size must lie in 1..4096 pixels, got -1"),
    (("advise", "nothing", "--std", "0.5"), "--mean and --std belong together"),
    (("advise", "nothing", "--time-limit", "50"), "a duration needs a unit: 50s, 50m or 50h"),
    (("advise", "nothing", "--output", "no/map.png"), NO_FOLDER),
    (("advise", "nothing", "--device", "tpu"), "unknown device 'tpu'; expected auto, cpu, cuda or cuda:1"),
    (("deepen", "nothing", "--pair", "plain20:plain57"), "unknown plain network 'plain57'; did you mean 'plain56'"),
    (("deepen", "nothing", "--time-limit", "5"), "a duration needs a unit"),
    (("deepen", "nothing", "--size", "0"), "size must lie in 1..4096 pixels, got 0"),
    (("deepen", "nothing", "--pictures", "1"), "--pictures must be 2 or more, got 1"),
    (("deepen", "nothing", "--epochs", "0"), "schedule.epochs must be 1 or more, got 0"),
    (("deepen", "nothing", "--output", __file__), "is a file; name a folder"),
    (("evaluate", "no", "nothing", "--split", "tset"), "unknown split 'tset'; did you mean 'test'?"),
    (("evaluate", "no", "nothing", "--predictions", "no/rows.csv"), NO_FOLDER),
    (("predict", "no", "x.jpg", "--engine", "torhc"), "unknown engine 'torhc'; did you mean 'torch'"),
    (("predict", "no", "x.jpg", "--engine", "no.onnx"), "there is no file no.onnx; make it by: striate export"),
    (("predict", "no", "x.jpg", "--precision", "fp23"), "unknown precision 'fp23'; did you mean 'fp32'"),
    (("predict", "no", "x.jpg", "--device", "tpu"), "device 'tpu' is not supported; expected cpu, cuda or cuda:1"),
    (("predict", "no", "x.jpg", "--device", "cuda"), "--device cuda goes with --engine torch"),
    (("predict", "no", "x.jpg", "--engine", "torch", "--precision", "int8"), "torch does not compute it"),
    (("predict", "no", "x.jpg", "--json", "--format", "csv"), "--json is --format jsonl; it excludes --format csv"),
    (("predict", "no", "x.jpg", "--top", "0"), "Invalid value for '--top'"),
    (("export", "no", "--output", "photos.tflite"), "does not tell a format"),
    (("export", "no", "--output", "photos.onnx", "--format", "onxx"), "unknown format 'onxx'; did you mean 'onnx'"),
    (("export", "no", "--output", "no/photos.xml"), NO_FOLDER),
    (("export", "no", "--output", "photos.xml", "--data", "nothing"), "there is no 'nothing'"),
    (("quantize", "no", "nothing", "--max-drop", "200"), "max_drop must lie in 0..100 percentage points"),
    (("quantize", "no", "nothing", "--calibration-pictures", "0"), "calibration_pictures at least 1"),
    (("quantize", "no", "nothing", "-o", __file__), "exists already; name another --output"),
    (("quantize", ".", "nothing"), ". is neither a run nor a bundle"),
    (("import", "no.pth", "--model", "resnet21", "-o", "b"), "unknown model 'resnet21'"),
    (("import", "no.pth", "--model", "resnet18", "-o", "no/b"), NO_FOLDER),
    (("import", "no.pth", "--model", "resnet18", "-o", __file__), "exists already; name another place"),
    (("import", "no.pth", "--model", "resnet18", "-o", "b", "--classes", "a,a"), "holds 'a' twice"),
    (("import", "no.pth", "--model", "resnet18", "-o", "b", "--classes", "no.txt"), "cannot be read from no.txt"),
    (("import", "no.pth", "--model", "resnet18", "-o", "b", "--size", "0"), "size must lie in 1..4096"),
    (("import", "no.pth", "--model", "resnet18", "-o", "b", "--mean", "0.5"), "--mean and --std belong together"),
    (("import", "no.pth", "--model", "resnet18", "-o", "b", "--which", "emma"), "--which is plain or ema, got 'emma'"),
    (("visualize", "vgg11", "no.png", "-o", "seen.gif"), "expected a name that ends in"),
    (("visualize", "vgg11", "no.png", "--html", "no/page.html"), NO_FOLDER),
    (("visualize", "vgg11", "no.png"), "give --output FILE, --html FILE, --check or --json"),
    (("visualize", "vgg11", "--json"), "give a PICTURE"),
    (("visualize", "vgg11", "no.png", "--json", "--method", "foo"), "unknown method 'foo'; known: deconvnet, guided, "),
    (("visualize", "vgg11", "no.png", "--json", "-m", "saliency", "--layer", "head"), "takes no --layer"),
    (("visualize", "vgg11", "no.png", "--json", "--unit", "x"), "--unit takes a map such as 7"),
    (("visualize", "vgg11", "no.png", "--json", "--mean", "0.5"), "--mean and --std belong together"),
    (("visualize", "vgg11", "no.png", "--json", "--size", "0"), "size must lie in 1..4096"),
    (("visualize", "vgg11", "no.png", "--json", "--weights", "imagenet"), "no.png: "),
    (
        ("visualize", "vgg11", "--json", "-m", "maximize", "--weights", "imagenet"),
        "maximize needs a unit: give --unit N",
    ),
    (("visualize", "vgg11", "no", "-m", "top", "--json", "--weights", "imagenet"), "there is no 'no'"),
    (("inspect", "no", "--pictures", "3"), "--pictures goes with --signal or --effective"),
    (("inspect", "no", "--json", "--markdown"), "--json and --markdown exclude each other"),
    (("inspect", "no", "--scheme", "paper"), "--scheme, --data and --plot go with --signal"),
    (("inspect", "no", "--html", "no/page.html"), NO_FOLDER),
    (("inspect", "no", "--input-size", "big"), "--input-size takes a height and a width"),
    (
        ("inspect", "no", "--signal", "--scheme", "he_norm"),
        "unknown initialisation 'he_norm'; did you mean 'he_normal'",
    ),
    (("compare", "no", "no", "--json", "--markdown"), "--json and --markdown exclude each other"),
    (("augment", "nothing", "-o", "sheet.gif"), "expected a name that ends in"),
    (("augment", "nothing", "-o", "s.png", "--policy", "foo"), "unknown augmentation policy 'foo' (policies: "),
    (("augment", "nothing", "-o", "s.png", "--model", "lenet6"), "unknown model 'lenet6'; did you mean 'lenet5'"),
    (("augment", "nothing", "-o", "s.png", "--size", "0"), "size must lie in 1..4096"),
    (("augment", "nothing", "-o", "s.png", "--pictures", "0"), "pictures must lie in 1.."),
    (("augment", "nothing", "-o", "s.png", "--seed", "-1"), "Invalid value for '--seed'"),
    (("augment", "nothing", "-o", "s.png", "--set", "rotation.degree=3"), "did you mean"),
    (("check", "nothing", "--seed", "-1"), "Invalid value for '--seed'"),
    (("bench", "train", "resnet21"), "unknown model 'resnet21'"),
    (("bench", "train", "--data", "nothing", "--rounds", "0"), "rounds must be 1 or more"),
    (("bench", "train", "--data", "nothing", "--size", "0"), "size must lie in 1..4096"),
    (("bench", "predict", "no", "x.png", "--rounds", "0"), "rounds must be 1 or more"),
    (("bench", "predict", "no", "*.nothing"), "nothing matches *.nothing"),
    (("filter", "no.png", "--kernel", "sobelx", "-o", "s.png"), "unknown kernel 'sobelx'"),
    (("filter", "no.png", "--kernel", "sobel_x", "-o", "s.gif"), "expected a name that ends in"),
]


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """An empty folder, without a network and with an empty cache."""
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "cache"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")  # nobody listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_it_is_refused_though_nothing_else_is_there(striate_command, tmp_path, arguments, said):
    code, out, err = striate_command(*arguments)
    assert (code, out) in ((2, ""), (1, "")) and said in " ".join(err.replace("│", " ").split()), err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("package", "arguments", "said"),
    [
        (
            "onnx",
            ("export", "no", "-o", "a.onnx"),
            "ONNX needs the package onnx, which is not installed; install it with: pip ",
        ),
        ("onnxscript", ("export", "no", "-o", "a.onnx"), "ONNX needs the package onnxscript"),
        ("onnxruntime", ("export", "no", "-o", "a.onnx"), "ONNX needs the package onnxruntime"),
        ("onnx", ("export", "no", "-o", "a.xml", "--with-preprocessing"), "ONNX needs the package onnx"),
        (
            "nncf",
            ("quantize", "no", "nothing"),
            "int8 needs the package nncf; install it with: pip install 'striate[export]'",
        ),
        ("onnxruntime", ("predict", "no", "x.png", "--engine", "a.onnx"), "ONNX files need the package onnxruntime"),
        (
            "tensorboard",
            ("train", "nothing", "--tensorboard"),
            "TensorBoard is not installed; install it with: pip install 'striate",
        ),
    ],
)
def test_a_missing_package_is_known_at_once(striate_command, tmp_path, monkeypatch, package, arguments, said):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "a.onnx").touch() if "predict" in arguments else None
    code, out, err = striate_command(*arguments)
    assert (code, out) == (2, "") and said in err


def test_weights_of_another_network_are_refused_before_a_picture_is_read(striate_command, tmp_path):
    import torch

    from striate.models import create_model

    torch.save(create_model("resnet20", num_classes=2, seed=0).state_dict(), tmp_path / "w.pth")
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.png").touch()  # empty: who reads it complains of it
    for verb in ("train", "learning-rate", "advise"):
        code, _, err = striate_command(verb, "data", "--model", "resnet18", "--weights", "w.pth")
        assert code == 1 and "they look like weights of resnet20" in err, err


def test_classes_that_no_file_names_are_asked_for_before_it_is_read(striate_command, tmp_path):
    (tmp_path / "w.pth").write_bytes(b"no weights")
    code, _, err = striate_command("import", "w.pth", "--model", "lenet5", "-o", "bundle")
    assert code == 2 and err.startswith(
        "striate: w.pth does not say what its classes are called; name them in the order"
    )


def test_a_place_that_cannot_be_written_is_known_at_once(striate_command, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # as for who is not root
    (tmp_path / "w.pth").touch()
    for arguments in (
        ("train", "nothing", "--output", "run"),
        ("import", "w.pth", "--model", "lenet5", "-o", "bundle", "--classes", "a,b"),
        ("export", "no", "-o", "a.xml"),
        ("quantize", "no", "nothing", "-o", "bundle"),
        ("evaluate", "no", "nothing", "--predictions", "rows.csv"),
        ("advise", "nothing", "-o", "map.png"),
    ):
        code, _, err = striate_command(*arguments)
        assert code == 2 and "permission to write in" in err, err
