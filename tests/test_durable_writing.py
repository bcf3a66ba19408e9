import ast
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import striate
from striate.durable_writing import (
    PARTIAL_ENDING,
    check_writable,
    folder_beside,
    move_into_place,
    whole_file,
    write_durably,
    write_whole,
)
from striate.errors import UsageError


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_durably(path, b"old")

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left on device"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        write_durably(tmp_path / "none" / "file", b"new")
    assert error.value.filename == str(tmp_path / "none" / "file")


def test_a_file_is_whole_without_a_wait_for_the_disk(tmp_path, monkeypatch):
    def fail(descriptor):
        raise AssertionError("waited for the disk")

    monkeypatch.setattr("os.fsync", fail)
    write_whole(tmp_path / "file", b"old")
    write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_keeps_a_file_from_being_written_shows_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    for name, reason in [
        ("a.gif", "expected a name that ends in .png, .svg, got '.gif'"),
        ("a", "expected a name that ends in .png, .svg, got no ending"),
        ("none/a.png", f"there is no folder {tmp_path / 'none'}"),
        ("folder.png", "it is a folder"),
    ]:
        with pytest.raises(UsageError) as error:
            check_writable(tmp_path / name, endings=(".svg", ".png"))
        assert str(error.value) == f"cannot write {tmp_path / name}: {reason}"
    check_writable(tmp_path / "a.PNG", endings=(".png",))
    check_writable(tmp_path / "anything")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(UsageError, match="there is no permission to write in"):
        check_writable(tmp_path / "a.png")


@pytest.fixture
def umask():
    """The user's own umask for the time of a test: files are for the group, not for others."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode_of(path):
    return oct(path.lstat().st_mode & 0o7777)


def move(path, content):
    """A third way to write: by way of a folder of our own."""
    with folder_beside(path) as folder:
        (folder / "file").write_bytes(content)
        move_into_place([(folder / "file", path)])


WAYS = pytest.mark.parametrize("write", [write_durably, write_whole, move])


@WAYS
def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(tmp_path, umask, write):
    path = tmp_path / "file"
    write(path, b"one")
    assert mode_of(path) == "0o640"
    for mode in (0o600, 0o644, 0o666, 0o444):
        path.chmod(mode)
        write(path, b"two")
        assert (mode_of(path), path.read_bytes()) == (oct(mode), b"two")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_replaces_a_secret_file_is_never_open_to_others(tmp_path, umask):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with whole_file(path):
        (partial,) = (entry for entry in tmp_path.iterdir() if entry != path)
        assert mode_of(partial) == "0o600"


@WAYS
def test_a_link_at_the_place_is_replaced_and_what_it_pointed_to_stays(tmp_path, umask, write):
    (tmp_path / "elsewhere").mkdir()
    secret = tmp_path / "elsewhere" / "secret"
    secret.write_bytes(b"secret")
    secret.chmod(0o600)
    for target in (secret, tmp_path / "nothing"):
        path = tmp_path / "file"
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        write(path, b"new")
        assert not path.is_symlink()
        assert (path.read_bytes(), mode_of(path)) == (b"new", "0o640")
    assert (secret.read_bytes(), mode_of(secret)) == (b"secret", "0o600")
    assert not (tmp_path / "nothing").exists()


def test_the_unfinished_file_is_made_anew_under_a_name_that_cannot_be_foretold(tmp_path, monkeypatch):
    path, victim = tmp_path / "file", tmp_path / "victim"
    victim.write_bytes(b"kept")
    names = set()
    for _ in range(3):
        with whole_file(path):
            (partial,) = (entry.name for entry in tmp_path.iterdir() if entry.name.endswith(PARTIAL_ENDING))
            names.add(partial)
    assert len(names) == 3
    # Even a name that was foretold is not written through.
    monkeypatch.setattr("secrets.token_hex", lambda length: "foretold")
    with whole_file(path):
        (foretold,) = (entry for entry in tmp_path.iterdir() if entry.name.endswith(PARTIAL_ENDING))
    foretold.symlink_to(victim)
    with pytest.raises(FileExistsError) as error, whole_file(path):
        raise AssertionError("the link was opened")
    assert error.value.filename == str(path)
    assert victim.read_bytes() == b"kept"


def test_a_file_appears_when_the_block_has_ended_and_not_if_it_fails(tmp_path):
    path = tmp_path / "file"
    with whole_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"whole"
    with pytest.raises(OSError, match="the connection broke") as error, whole_file(path):
        raise FileNotFoundError(errno.ENOENT, "the connection broke", "other")
    assert error.value.filename == "other"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_of_our_own_is_for_nobody_else_and_goes_at_the_end(tmp_path):
    with folder_beside(tmp_path / "bundle") as folder:
        assert (folder.parent, mode_of(folder)) == (tmp_path, "0o700")
        assert folder.name.startswith(".bundle.")
        assert folder.name.endswith(PARTIAL_ENDING)
        (folder / "file").write_bytes(b"left")
    assert not any(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError) as error, folder_beside(tmp_path / "none" / "bundle"):
        raise AssertionError("it was made")
    assert error.value.filename == str(tmp_path / "none" / "bundle")


def test_files_that_belong_together_go_into_place_together_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "old").write_bytes(b"before")
    with folder_beside(tmp_path / "old") as folder:
        for name in ("new", "old"):
            (folder / name).write_bytes(b"after")
        moves = [(folder / name, tmp_path / name) for name in ("new", "old")]
        honest = Path.replace

        def full(self, target):
            if target.name == "old":
                raise OSError(errno.ENOSPC, "No space left on device")
            return honest(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", full)
            with pytest.raises(OSError, match="No space left"):
                move_into_place(moves)
        assert (tmp_path / "old").read_bytes() == b"before" and not (tmp_path / "new").exists()
        with pytest.raises(FileNotFoundError):  # found before the other one is moved
            move_into_place([(folder / "old", tmp_path / "old"), (folder / "new", tmp_path / "new")])
        assert (tmp_path / "old").read_bytes() == b"before"
        (folder / "new").write_bytes(b"after")
        move_into_place(moves)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"old": b"after", "new": b"after"}


def test_the_longest_name_that_a_file_can_have_can_be_written(tmp_path):
    path = tmp_path / ("ä" * 127 + "b")  # 255 bytes
    write_durably(path, b"content")
    move(path, b"moved")
    assert path.read_bytes() == b"moved"


@WAYS
def test_a_pipe_is_written_into(tmp_path, write):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    check_writable(path)
    write(path, b"content")
    reader.join()
    assert found == [b"content"]
    assert path.is_fifo()


def test_standard_output_and_devices_are_written_into():
    program = """
from pathlib import Path
from striate.durable_writing import check_writable, write_durably
for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/null"):
    check_writable(name)
    write_durably(Path(name), b"content ")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"content " * 3, b"")


IN_A_FOLDER_OF_OUR_OWN = {"bundle/folder.py", "conversion/formats.py"}
WRITES = {"write_bytes", "write_text", "NamedTemporaryFile", "mktemp", "mkstemp", "fdopen"}


def ways_to_write(path):
    """The calls in a file that write to a place by its name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            modes = [
                part.value
                for part in [*node.args, *(word.value for word in node.keywords)]
                if isinstance(part, ast.Constant)
            ]
            if name in WRITES or (
                name == "open" and any(mode in ("w", "wb", "a", "ab", "x", "xb", "r+b") for mode in modes)
            ):
                yield name


def test_only_this_module_writes_files():
    root = Path(striate.__file__).parent
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if any(ways_to_write(path))}
    assert found == IN_A_FOLDER_OF_OUR_OWN | {"durable_writing.py"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing tells here whether a process lives")
def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path):
    import subprocess
    import sys

    from striate.durable_writing import is_left_over, sweep

    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("stays")
    ending = "0123456789abcdef.partial"
    gone = [f".a.csv.{dead.pid}.{ending}", f".bundle.{dead.pid}.0123456789abcdef.x7.partial"]
    stays = [f".a.csv.{os.getpid()}.{ending}", f".a.csv.1.{ending}", "a.partial", f".a.csv.{dead.pid}.partial"]
    (tmp_path / gone[1]).mkdir()
    (tmp_path / gone[1] / "link").symlink_to(tmp_path / "elsewhere")
    for name in (gone[0], *stays):
        (tmp_path / name).write_text("unfinished")
    link = tmp_path / f".link.{dead.pid}.{ending}"
    link.symlink_to(tmp_path / "elsewhere")
    sweep(tmp_path, of="another")
    assert (tmp_path / gone[0]).exists()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*stays, link.name, "elsewhere"])
    assert (tmp_path / "elsewhere" / "file").read_text() == "stays"
    assert [is_left_over(name) for name in (*gone, *stays)] == [True, True, True, True, False, False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing tells here whether a process lives")
def test_scratch_of_a_killed_process_goes_with_the_next(tmp_path, monkeypatch):
    import signal
    import subprocess
    import sys
    import tempfile

    from striate.durable_writing import scratch_folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = """if True:
        import os, signal
        from striate.durable_writing import scratch_folder
        with scratch_folder("seal") as folder:
            (folder / "engine.xml").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(tmp_path)}, check=False)
    assert done.returncode == -signal.SIGKILL and len(list(tmp_path.rglob("engine.xml"))) == 1
    with scratch_folder("path"):
        assert len(list(tmp_path.rglob("engine.xml"))) == 1  # another purpose's
    with scratch_folder("seal") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []
