"""Plan -> ModelFiles: models and third-party sources, fetched by hash into the cache, checked, never half there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from handheld import conversion, hub
from handheld.catalog import ModelPart, Source
from handheld.errors import HashMismatch, ModelMissing, NoNetwork, TermsNotAccepted
from handheld.facts import inspect_model
from handheld.libraries import LicenceText, fetch_licence_texts
from handheld.plan import HfRef, ModelChoice, Plan
from handheld.progress import Progress
from handheld.pypi import archive_lock
from handheld.store import (
    CHUNK,
    STAMP,
    Stamp,
    check_space,
    discard,
    is_intact,
    key_of,
    put,
    read_note,
    read_stamp,
    sha256_of,
    staged,
    stamp_of,
    tree_bytes,
    tree_sha256,
    write_note,
    write_stamp,
)
from handheld.tools import Tools

if TYPE_CHECKING:
    from handheld.lock import LockedModel

MADE = "made"
"""Beside an app's converter: the recipe and the hash of a model that fetch.py made."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model file (or folder) on this disk, its hash known.

    `path` is in the cache, or the person's own file when that was asked for. `licence_text` is the licence's own file
    when the catalogue has it. `revision` is the commit that a hub's file was taken from.
    `recipe` pins a model that was made here instead of its hash; see conversion.py.
    """

    path: Path
    bytes: int
    sha256: str
    licence_text: Path | None = None
    revision: str | None = None
    recipe: str | None = None


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the plan needs, on this disk. `models` is by task name, `sources` by Source.name, `licences` by their text.

    A source's path is the root of its extracted, filtered tree (what goes to native/third_party/<into>/); its licence
    is the one file in the folder `licence` beside it. Copy from these folders, never move or change them: other apps
    use the same files.
    """

    models: Mapping[str, StoredModel]
    sources: Mapping[str, Path]
    licences: Mapping[LicenceText, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a model that a person has to accept once before its first download.

    `text` is readable text (of an HTML page without its tags), `file` the terms as published, in the cache.
    """

    model: str
    title: str
    licence: str
    text: str
    file: Path


def fetch_models(plan: Plan, tools: Tools, progress: Progress) -> ModelFiles:
    """Bring every model and source of the plan into the cache and check them.

    Raises:
        InputError: terms not accepted yet (call `needs_acceptance` / `accept_terms` first), or a local file is gone.
        MachineError: no network, disk full, the cache cannot be written.
        FileError: a hash does not match, or a file is not a model.
    """
    _stop_without_acceptance(plan, tools)
    sources = fetch_sources(plan.sources, tools, progress)
    models = {task.task.name: fetch_model(task.model, tools, progress) for task in plan.tasks}
    texts = [text for task in plan.tasks for text in task.runtime.licence_texts]
    return ModelFiles(models, sources, fetch_licence_texts(texts, plan.libraries, tools, progress))


def fetch_model(model: ModelChoice, tools: Tools, progress: Progress) -> StoredModel:
    """Bring one model into the cache; a local file stays where it is."""
    if model.path is not None:
        return _local_model(model.path, tools, progress)
    if model.hf is not None:
        return _hub_model(model, model.hf, tools, progress)
    return _catalogue_model(model, tools, progress)


def fetch_sources(sources: Sequence[Source], tools: Tools, progress: Progress) -> dict[str, Path]:
    """Bring sources into the cache, each archive once; gives the root of each one's filtered tree by its name."""
    folders = {source.name: _source_folder(source, tools) for source in sources}
    # What is whole needs no lock: folders come and go by a rename.
    missing = [source for source in sources if not _tree_is_intact(folders[source.name])]
    for sha256 in sorted({source.sha256 for source in missing}):
        with tools.lock(archive_lock(sha256), progress):
            for source in missing:
                if source.sha256 == sha256:
                    _fetch_source(source, folders[source.name], tools, progress)
            discard(tools.cache / "archives" / sha256)
    return {name: folder / "tree" for name, folder in folders.items()}


def _source_folder(source: Source, tools: Tools) -> Path:
    key = key_of(source.sha256, source.root, sorted(source.files), source.licence_file)
    return tools.cache / "sources" / key


def _fetch_source(source: Source, folder: Path, tools: Tools, progress: Progress) -> None:
    name = f"source-{folder.name}"
    with tools.lock(name, progress):
        if _tree_is_intact(folder):
            return
        built_for = (source.python, source.platform)
        archive = tools.fetch_pypi(source.pypi, source.sha256, source.kind, progress, source.bytes, *built_for)
        with staged(tools.cache, name, source.name) as work:
            new = work / "new"
            from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

            files = archives.extract_tree(archive, source.kind, source.root, source.files, new / "tree")
            licence = ModelPart(source.pypi, source.sha256, source.licence_file, source.kind)
            _take(licence, archive, new / "licence")
            _write_tree_stamp(new, files)
            put(new, folder)


def check_model(app: Path, model: LockedModel, tools: Tools, progress: Progress) -> None:
    """Compare an app's model file with the hash it was locked with; one known to be right is not read again.

    A model with a recipe may have been made on another machine than its lock: then fetch.py noted what came of it.

    Raises:
        FileError: it is another file.
    """
    path = app / model.file
    stored = _local_model(path, tools, progress)
    if stored.sha256 == model.sha256:
        return
    note = (app / str(model.convert)).parent / MADE
    if model.recipe and note.is_file() and note.read_text(encoding="utf-8").split() == [model.recipe, stored.sha256]:
        return
    raise HashMismatch(f"The model {path}", model.sha256, stored.sha256, f'python3 "{app / "fetch.py"}"')


# Models of the catalogue.


def _catalogue_model(model: ModelChoice, tools: Tools, progress: Progress) -> StoredModel:
    recipe = None if model.sha256 else conversion.recipe_of(model)
    key = str(model.sha256 or recipe)
    folder = tools.cache / "models" / key
    # What is whole needs no lock: folders come and go by a rename.
    stored = _stored(folder, licence=model.licence_text)
    if stored is not None:
        return replace(stored, recipe=recipe)
    name = f"model-{key[:16]}"
    with tools.lock(name, progress):
        stored = _stored(folder, licence=model.licence_text)
        if stored is not None:
            return replace(stored, recipe=recipe)
        if model.text is not None:
            with staged(tools.cache, name, model.name) as work:
                (work / model.file).write_text(model.text, encoding="utf-8", newline="")
                return _keep(work, model.file, key, folder)
        wanted = [*model.parts, *([model.licence_text] if model.licence_text else [])]
        check_space(tools.cache, model.name, model.bytes or 0)
        with _archives(wanted, tools, progress) as got, staged(tools.cache, name, model.name) as work:
            new = work / "new"
            new.mkdir()
            sha256 = _join(model, got[: len(model.parts)], new / model.file, tools, progress)
            if model.licence_text is not None:
                _take(model.licence_text, got[-1], new / "licence")
            return replace(_keep(new, model.file, sha256, folder), recipe=recipe)


@contextmanager
def _archives(parts: Sequence[ModelPart], tools: Tools, progress: Progress) -> Iterator[list[Path]]:
    """The archives of all parts, in order. They go when the block ends well: what was wanted is out of them."""
    hashes = sorted({part.sha256 for part in parts})
    with ExitStack() as locks:
        # Sorted, so that two processes never wait for each other.
        for sha256 in hashes:
            locks.enter_context(tools.lock(archive_lock(sha256), progress))
        yield [tools.fetch_pypi(part.pypi, part.sha256, part.kind, progress) for part in parts]
        for sha256 in hashes:
            discard(tools.cache / "archives" / sha256)


def _join(model: ModelChoice, parts: Sequence[Path], target: Path, tools: Tools, progress: Progress) -> str:
    """Write the parts' members one after the other, convert them if need be, and compare with the catalogue's hash.

    Gives the hash.
    """
    joined = target.with_name("parts") if model.convert else target
    done = 0
    with joined.open("wb") as file, progress.task(f"Unpacking {model.file}", model.bytes) as handle:
        for part, archive in zip(model.parts, parts, strict=True):
            from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

            with archives.member(archive, part.kind, part.member) as source:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    handle.update(done)
    if model.convert is not None:
        conversion.convert(model, joined, target, tools, progress)
        joined.unlink()
    with progress.task(f"Checking {model.file}", model.bytes) as handle:
        found = tree_sha256(target, handle)
    if found != (model.sha256 or found):
        fix = "Check `sha256` and `part` of the model in the catalogue's task.toml"
        raise HashMismatch(f"The model {model.name}", str(model.sha256), found, fix)
    inspect_model(target, (model.format,))
    return found


def _take(part: ModelPart, archive: Path, folder: Path) -> Path:
    """Write one member of an archive, under its own name."""
    folder.mkdir()
    target = folder / PurePosixPath(part.member).name
    from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

    with archives.member(archive, part.kind, part.member) as source, target.open("wb") as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)
    return target


def _keep(work: Path, file: str, sha256: str, folder: Path) -> StoredModel:
    """Stamp a finished folder and put it into its place."""
    _write_model_stamp(work, file, sha256)
    put(work, folder)
    stored = _stored(folder)
    assert stored is not None, "it was written a moment ago"
    return stored


def _write_model_stamp(folder: Path, file: str, sha256: str) -> None:
    path = folder / file
    if path.is_dir():
        stamps = {
            str(name.relative_to(path)): asdict(stamp_of(name, sha256_of(name)))
            for name in sorted(path.rglob("*"))
            if name.is_file()
        }
        return write_note(folder / STAMP, {"file": file, "sha256": sha256, "files": stamps})
    return write_note(folder / STAMP, {"file": file, "stamp": asdict(stamp_of(path, sha256))})


def _stored(folder: Path, licence: ModelPart | None = None) -> StoredModel | None:
    """The model in `folder` when it is whole, under the name it came with. A new time alone gets a new stamp."""
    note = read_note(folder / STAMP) or {}
    path, stamp = folder / str(note.get("file")), read_stamp(note.get("stamp"))
    if "files" in note:
        if not _files_are_intact(path, note["files"]):
            return None
        stored = StoredModel(path, tree_bytes(path), note["sha256"])
    else:
        if stamp is None or not is_intact(path, stamp):
            return None
        if path.stat().st_mtime_ns != stamp.mtime_ns:
            _write_model_stamp(folder, path.name, stamp.sha256)
        stored = StoredModel(path, stamp.bytes, stamp.sha256)
    texts = sorted((folder / "licence").glob("*"))
    if licence is not None and not texts:
        return None
    return replace(stored, licence_text=texts[0] if texts else None)


# A person's own files, and the hub's.


def _local_model(path: Path, tools: Tools, progress: Progress) -> StoredModel:
    """Hash a local file; the hash is remembered for as long as the file does not change."""
    if path.is_dir():
        return StoredModel(path, tree_bytes(path), tree_sha256(path))
    if not path.exists():
        raise ModelMissing(path)
    note = tools.cache / "hashes" / f"{key_of(str(path))}.json"
    stamp = read_stamp(read_note(note))
    status = path.stat()
    if stamp is None or stamp.mtime_ns != status.st_mtime_ns or not is_intact(path, stamp):
        with progress.task(f"Checking {path.name}", status.st_size) as handle:
            stamp = stamp_of(path, sha256_of(path, handle))
        write_stamp(note, stamp)
    return StoredModel(path, stamp.bytes, stamp.sha256)


def _hub_model(model: ModelChoice, ref: HfRef, tools: Tools, progress: Progress) -> StoredModel:
    key = key_of(hub.endpoint_of(tools), ref.repo, ref.file)
    note = tools.cache / "hub" / f"{key}.json"
    with tools.lock(f"hub-{key}", progress):
        known = _known_commits(note, tools)
        if ref.revision in known:
            return replace(known[ref.revision], revision=ref.revision)
        with staged(tools.cache, f"hub-{key}", model.name) as work:
            try:
                file = hub.fetch(ref, list(known), work / "hub", tools, progress)
            except NoNetwork:
                last = (read_note(note) or {}).get(f"last {ref.revision}")
                if last not in known:
                    raise
                progress.note(
                    f"The hub does not answer; the file of commit {last[:12]} is used, which was fetched before."
                )
                return replace(known[last], revision=last)
            if file.path is None:
                stored = known[file.commit]
            else:
                stored = _keep_hub_file(model, ref, file, work, tools=tools, progress=progress)
        commits = {commit: other.sha256 for commit, other in known.items()} | {file.commit: stored.sha256}
        last_one = {f"last {ref.revision}": file.commit}
        write_note(note, {**(read_note(note) or {}), **last_one, "commits": commits})
        return replace(stored, revision=file.commit)


def _keep_hub_file(
    model: ModelChoice, ref: HfRef, file: hub.HubFile, work: Path, *, tools: Tools, progress: Progress
) -> StoredModel:
    assert file.path is not None
    with progress.task(f"Checking {model.file}", file.path.stat().st_size) as handle:
        sha256 = sha256_of(file.path, handle)
    hub.check_etag(file, sha256, ref)
    new = work / "new"
    new.mkdir()
    file.path.rename(new / model.file)
    inspect_model(new / model.file, (model.format,))
    folder = tools.cache / "models" / sha256
    with tools.lock(f"model-{sha256[:16]}", progress):
        return _stored(folder) or _keep(new, model.file, sha256, folder)


def _known_commits(note: Path, tools: Tools) -> dict[str, StoredModel]:
    """The commits whose file is in the cache, whole."""
    commits = (read_note(note) or {}).get("commits", {})
    stored = {commit: _stored(tools.cache / "models" / sha256) for commit, sha256 in commits.items()}
    return {commit: model for commit, model in stored.items() if model is not None}


# Source trees.


def _write_tree_stamp(folder: Path, files: Sequence[PurePosixPath]) -> None:
    stamps = {str(name): asdict(stamp_of(folder / "tree" / name, sha256_of(folder / "tree" / name))) for name in files}
    write_note(folder / STAMP, {"files": stamps})


def _tree_is_intact(folder: Path) -> bool:
    """Whether a tree holds exactly the files of its stamp, by size and time, or by hash where the time differs."""
    stamps = (read_note(folder / STAMP) or {}).get("files")
    return any((folder / "licence").glob("*")) and _files_are_intact(folder / "tree", stamps)


def _files_are_intact(tree: Path, stamps: Mapping[str, object] | None) -> bool:
    if not stamps:
        return False
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}
    return found == set(stamps) and all(
        _file_is_intact(tree / name, read_stamp(stamp)) for name, stamp in stamps.items()
    )


def _file_is_intact(path: Path, stamp: Stamp | None) -> bool:
    if stamp is None:
        return False
    status = path.stat()
    if status.st_size != stamp.bytes:
        return False
    # Hundreds of small files: no sample, as a change that keeps size and time is no accident.
    return status.st_mtime_ns == stamp.mtime_ns or sha256_of(path) == stamp.sha256


# Terms.


def needs_acceptance(plan: Plan, tools: Tools, progress: Progress) -> list[Terms]:
    """The terms that the plan's models ask for and that were not accepted on this machine; fetches their text.

    Raises:
        MachineError: no network, disk full, the cache cannot be written.
        FileError: a hash does not match.
    """
    return [_terms(model, tools, progress) for model in _unaccepted(plan, tools)]


def accept_terms(terms: Sequence[Terms], tools: Tools) -> None:
    """Record in the cache that the person accepted; `fetch_models` looks there."""
    for item in terms:
        folder = tools.cache / "terms" / item.file.parent.parent.name
        write_note(folder / "accepted.json", {"model": item.model, "licence": item.licence})


def _stop_without_acceptance(plan: Plan, tools: Tools) -> None:
    models = _unaccepted(plan, tools)
    if models:
        raise TermsNotAccepted([model.name for model in models], [model.licence for model in models])


def _unaccepted(plan: Plan, tools: Tools) -> list[ModelChoice]:
    models = [task.model for task in plan.tasks if task.model.terms]
    return [model for model in models if read_note(_terms_folder(model, tools) / "accepted.json") is None]


def _terms_folder(model: ModelChoice, tools: Tools) -> Path:
    # New terms have another hash, and have to be accepted again.
    part = model.licence_text
    return tools.cache / "terms" / key_of(model.name, model.licence, part.sha256 if part else "")


def _terms(model: ModelChoice, tools: Tools, progress: Progress) -> Terms:
    from handheld.terms import readable  # noqa: PLC0415 - few models have terms

    part = model.licence_text
    assert part is not None, "the catalogue asks for it where terms are"
    folder = _terms_folder(model, tools)
    file = folder / "text" / PurePosixPath(part.member).name
    with tools.lock(f"terms-{folder.name}", progress):
        if not file.is_file():
            with (
                _archives([part], tools, progress) as got,
                staged(tools.cache, f"terms-{folder.name}", model.licence) as work,
            ):
                _take(part, got[0], work / "text")
                put(work / "text", file.parent)
    return Terms(model.name, model.title, model.licence, readable(file), file)
