"""The Python that notebooks run with: what a seat's kernel has, kept for the next rehearsal.

Installed by pip, inside an enclosure: what packages do while they are built, they do there. Pip
gets the index of whoever runs this, unless its address holds a password.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from workshop import files
from workshop.errors import WorkshopError
from workshop.rehearse import enclosed
from workshop.rehearse.enclosed import EnclosureLimits, EnclosureMounts

ALWAYS = ("boto3", "matplotlib", "numpy", "pandas", "requests", "scikit-learn", "seaborn", "tqdm")
"""What the notebook's environment ``conda_python3`` has besides, as far as labs use it."""
IMPORTED = (
    *("ipykernel.ipkernel", "IPython", "pip._internal.cli.main", "pip._internal.commands.install"),
    *("boto3", "s3transfer", "pandas", "matplotlib.pyplot", "sklearn.model_selection"),
    *("sagemaker", "sagemaker.estimator", "sagemaker.sklearn", "sagemaker.pytorch"),
    *("sagemaker.huggingface", "sagemaker.workflow.pipeline", "sagemaker.feature_store"),
    *("sagemaker.core", "sagemaker.core.resources", "sagemaker.train", "sagemaker.serve"),
    *("sagemaker.train.model_trainer", "sagemaker.serve.model_builder", "sagemaker.mlops"),
)
MINUTES = 15.0
# Whatever a module fails with as it is imported: a notebook that imports it meets that itself.
_IMPORTING = f"""
from importlib import import_module
for name in {IMPORTED!r}:
    try:
        import_module(name)
    except Exception:
        pass
"""
OF_GPUS = {
    "torch": "2.9.0",
    "torchvision": "0.24.0",
    "triton": "3.5.0",
    "nvidia-nccl-cu12": "2.27.5",
    "nvidia-nccl-cu13": "2.28.9",
}
"""Gigabytes that are left out, and the releases that pip is told are there."""
OF_TORCH = ("torch", "torchvision")
WANTED, WITHOUT, WITHOUT_ALL = "wanted.txt", "without.txt", "without-all.txt"
RECIPE = 2
"""Counted up when the same requirements make another environment than before."""
COMPLETE = "complete.json"
PYPI = ("pypi.org", "files.pythonhosted.org")
_SETTING = re.compile(r"(?:global|:env:)\.([a-z-]+)=(.*)")
_PASSED = {
    "index-url": "PIP_INDEX_URL",
    "extra-index-url": "PIP_EXTRA_INDEX_URL",
    "find-links": "PIP_FIND_LINKS",
    "trusted-host": "PIP_TRUSTED_HOST",
    "no-index": "PIP_NO_INDEX",
}
_OF_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}
AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
"""Variables that name a file of certificates, which a company's index may need."""


@dataclass(frozen=True)
class PackageIndex:
    """Where pip finds packages: variables for it, folders to show, and what was left out."""

    variables: dict[str, str] = field(default_factory=dict)
    shown: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()
    hosts: tuple[str, ...] = PYPI

    def of_uv(self) -> dict[str, str]:
        """Return the same for uv, which chooses among all indexes as pip does."""
        given = {new: self.variables[old] for old, new in _OF_UV.items() if self.variables.get(old)}
        return {"UV_INDEX_STRATEGY": "unsafe-best-match", **given}


def base_python() -> Path:
    """Return the interpreter that this process's environment was made of."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def system() -> list[tuple[Path, str, bool]]:
    """Return what any Python program needs to see of this machine, to read."""
    paths = [Path(path) for path in enclosed.SYSTEM]
    own = [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve()]
    # Not the whole folder: somebody's environment may be the folder that they work in.
    paths += [
        path / part
        for path in dict.fromkeys(own)
        if not _below_any(path, enclosed.SYSTEM)
        for part in ("bin", "lib", "lib64", "pyvenv.cfg")
    ]
    return [(path, str(path), False) for path in paths]


def _is_shown(path: Path) -> bool:
    """Return whether a program of this machine is among what :func:`system` shows."""
    return _below_any(path, [str(shown) for shown, _, _ in system()])


def _below_any(path: Path, folders: Sequence[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def index() -> PackageIndex:
    """Return where pip finds packages, as it is set up here."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    variables: dict[str, str] = {}
    shown: list[Path] = []
    left_out: list[str] = []
    hosts = [*PYPI]
    # Of a file and a variable, the variable counts and is listed first.
    for line in reversed(answer.stdout.splitlines()):
        matched = _SETTING.fullmatch(line)
        if not matched or matched[1] not in _PASSED:
            continue
        try:
            value = str(ast.literal_eval(matched[2]))
        except (SyntaxError, ValueError):
            continue
        kept = []
        for word in value.split():
            address = urlsplit(word)
            if address.username or address.password or address.query:
                left_out.append(address.hostname or matched[1])
                continue
            kept.append(word)
            hosts += [address.hostname] if address.hostname else []
            if address.scheme == "file" or word.startswith("/"):
                folder = _folder(Path(address.path))
                if not any(each.is_relative_to(folder) for each in (Path.home(), Path.cwd())):
                    shown.append(folder)
        if kept:
            variables[_PASSED[matched[1]]] = " ".join(kept)
    return PackageIndex(
        {**variables, **authorities(answer.stdout)},
        shown=tuple(dict.fromkeys(shown)),
        left_out=tuple(dict.fromkeys(left_out)),
        hosts=tuple(dict.fromkeys(hosts)),
    )


def authorities(settings: str) -> dict[str, str]:
    """Return the variables that name certificates, of those that an enclosure shows.

    ``settings`` is what ``pip config list`` says.
    """
    named = {name: os.environ[name] for name in AUTHORITIES if os.environ.get(name)}
    for line in settings.splitlines():
        matched = _SETTING.fullmatch(line)
        if matched and matched[1] == "cert":
            named.setdefault("PIP_CERT", matched[2].strip("'"))
    return {
        name: path
        for name, path in named.items()
        if _below_any(Path(path), ("/etc/ssl/certs", "/etc/pki/tls", "/etc/pki/ca-trust", "/usr"))
    }


def _folder(path: Path) -> Path:
    # Pages of an index in files lead to files beside them.
    return path.parent if path.name == "simple" else path


def requirements(sdk: str, packages: Sequence[str]) -> list[str]:
    """Return what a kernel's environment is made of; ``sdk`` may be empty."""
    kernel = f"ipykernel=={metadata.version('ipykernel')}"
    return ["pip", kernel, *([sdk] if sdk else []), *ALWAYS, *packages]


def generation(sdk: str) -> str:
    """Return what keeps pip within a generation of the SageMaker Python SDK; ``sdk`` may be empty.

    Labs upgrade to the newest release, which was of their own generation when they were written.
    """
    if not sdk:
        return ""
    third = re.search(r"(?:==|>=|~=)\s*3", sdk) is not None
    return "sagemaker>=3,<4" if third else "sagemaker<3"


def prepared(
    folder: Path,
    wanted: Sequence[str],
    index: PackageIndex,
    *,
    confined: bool,
    ways: EnclosureMounts,
) -> Path:
    """Return the folder of packages of an environment, which is made where it is missing.

    ``folder`` keeps environments, each by what it was made of. ``ways`` are those out of the
    enclosure. Raise WorkshopError with pip's words where it fails.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    key = json.dumps([version, str(base_python()), sorted(wanted), RECIPE])
    made = folder / hashlib.sha256(key.encode()).hexdigest()[:16]
    if not (made / COMPLETE).exists():
        shutil.rmtree(made, ignore_errors=True)
        files.make_folder(folder)
        with _fresh(folder) as new:
            _install(new, wanted, index, confined=confined, ways=ways)
            files.write(new / COMPLETE, key)
            new.rename(made)
    return _packages(made)


def with_installs(
    packages: Callable[[list[str]], Path],
    wanted: Sequence[str],
    installs: Sequence[str],
    *,
    warn: Callable[[str], None],
) -> Path:
    """Return an environment of what is wanted and what notebooks install besides.

    Pins of notebooks that were never installed together need not go together: they are left to the
    notebooks then, or all of it is. Whoever pins a release that the SDK cannot be with says so.
    """
    free = [word for word in installs if "==" not in word]
    choices = [list(each) for each in dict.fromkeys((tuple(installs), tuple(free), ()))]
    for more in choices[:-1]:
        try:
            return packages([*wanted, *more])
        except WorkshopError as error:
            reason = error.details[0] if error.details else str(error)
            left = [word for word in installs if word not in choices[choices.index(more) + 1]]
            warn(f"{', '.join(left)}: left to the notebooks that install it ({reason})")
    return packages([*wanted])


@contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    with TemporaryDirectory(prefix="new-", dir=folder) as parent:
        new = Path(parent) / "made"
        files.make_folder(new)
        yield new


def _packages(environment: Path) -> Path:
    return next(environment.glob("lib/python3*/site-packages"))


def _install(
    new: Path, wanted: Sequence[str], index: PackageIndex, *, confined: bool, ways: EnclosureMounts
) -> None:
    there = Path("/opt/rehearsal/made") if confined else new
    with TemporaryDirectory(prefix="workshop-") as scratch:
        work = Path(scratch)
        home = work / "home"
        (home / "tmp").mkdir(parents=True)
        shown = [
            *system(),
            *((path, str(path), False) for path in index.shown),
            *enclosed.settings(),
            *ways.shown,
            *((fast, str(fast), False) for fast in [uv()] if fast and not _is_shown(fast)),
            (new, str(there), True),
            (home, "/home/ec2-user", True),
        ]
        torch = for_processors(index.shown)
        for name, lines in {
            WANTED: wanted,
            WITHOUT: without(wanted, but=OF_TORCH),
            WITHOUT_ALL: [*without(wanted, but=("torch",) if torch else ()), *torch],
        }.items():
            (home / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        inside_home = "/home/ec2-user" if confined else str(home)
        script = _script(there, Path(inside_home))
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": inside_home,
            "TMPDIR": "/tmp" if confined else str(home / "tmp"),  # noqa: S108 - its own
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": "/dev/null",
            **index.of_uv(),
            **index.variables,
            **proxies(ways),
        }
        limits = EnclosureLimits(seconds=MINUTES * 60, memory_gb=8)
        with enclosed.running(
            ["/bin/sh", "-c", script],
            variables,
            work / "enclosure",
            room=EnclosureMounts(shown, ways.ways),
            limits=limits,
            confined=confined,
        ) as started:
            for _ in started.lines():
                pass
            code = started.process.wait()
            if code:
                reason = started.ended or started.said().strip()
                raise WorkshopError(
                    "the Python environment of the rehearsal could not be installed; choose another"
                    " release with --sdk, or look at pip's words:",
                    details=reason,
                )


def uv() -> Path | None:
    """Return the program uv where it is at hand: it installs several times as fast as pip."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    return Path(found) if found else None


def without(wanted: Sequence[str], *, but: Sequence[str] = ()) -> list[str]:
    """Return overrides that leave out what only machines with GPUs need, but for what is wanted.

    Several packages, release 3 of the SDK among them, bring gigabytes of it that they use where
    they run models.
    """
    named = {re.split(r"[^A-Za-z0-9._-]", word, maxsplit=1)[0].lower() for word in wanted}
    return [
        f"{name} ; sys_platform == 'never'"
        for name in OF_GPUS
        if name not in named and name not in but
    ]


def for_processors(folders: Sequence[Path]) -> list[str]:
    """Return the PyTorch for processors that a folder of pip's holds for this Python."""
    kind = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    wheels = (path for folder in folders for path in folder.glob(f"torch-*+cpu-{kind}-*.whl"))
    return [f"torch=={path.name.split('-')[1]}" for path in sorted(wheels)][-1:]


def stand_for_left_out(site: Path, packages: Path) -> list[str]:
    """Tell pip in ``site`` that what is left out is there; return what keeps it to that.

    Else whatever needs it would bring it. ``packages`` is where it may really be.
    """
    kept = []
    for name, release in OF_GPUS.items():
        distribution = name.replace("-", "_")
        if any(packages.glob(f"{distribution}-*.dist-info")):
            continue
        folder = site / f"{distribution}-{release}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n", encoding="utf-8"
        )
        (folder / "INSTALLER").write_text("rehearsal\n", encoding="utf-8")
        listed = [f"{folder.name}/{each},,\n" for each in ("METADATA", "INSTALLER", "RECORD")]
        (folder / "RECORD").write_text("".join(listed), encoding="utf-8")
        kept.append(f"{name}=={release}")
    return kept


def _script(there: Path, home: Path) -> str:
    """Return the commands that make an environment and install what lists in ``home`` name.

    Uv takes PyTorch for processors, from its makers' index, or where that is out of reach none.
    """
    paths = (base_python(), there, home / WANTED, home / WITHOUT, home / WITHOUT_ALL)
    base, made, listed, for_cpus, left_out = (shlex.quote(str(path)) for path in paths)
    python = f"{made}/bin/python"
    fast = uv()
    if fast:
        # The cache is beside what it is linked into, and the only place that is large enough. What
        # nearly all notebooks import is compiled once: nobody can write that there later.
        install = (
            f"{shlex.quote(str(fast))} pip install --quiet --no-config --python {python}"
            f" --cache-dir {made}/cache -r {listed} --override"
        )
        return (
            f"{base} -m venv --without-pip {made} &&"
            f" {{ {install} {for_cpus} --torch-backend cpu || {install} {left_out} ; }} &&"
            f" rm -r {made}/cache && {python} -c {shlex.quote(_IMPORTING)} >/dev/null"
        )
    # Without a pip of our own, the new environment's is made with it, which takes longer.
    own = find_spec("pip") is not None
    pip = f"{shlex.quote(sys.executable)} -m pip --python {python}" if own else f"{python} -m pip"
    return (
        f"{base} -m venv {'--without-pip' if own else ''} {made} &&"
        f" exec {pip} install --quiet --no-cache-dir --disable-pip-version-check --no-input"
        f" -r {listed}"
    )


def proxies(ways: EnclosureMounts) -> dict[str, str]:
    """Return the variables that lead HTTP through the way out of an enclosure."""
    if not ways.ways:
        return {}
    port = ways.ways[-1][0]
    address = f"http://127.0.0.1:{port}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    nowhere = "127.0.0.1,localhost"
    return {**dict.fromkeys(names, address), "NO_PROXY": nowhere, "no_proxy": nowhere}
