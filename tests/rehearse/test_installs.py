"""What the notebooks install, read from their code, and how it is installed once for all."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.support.rehearsals import write_notebook
from workshop.errors import WorkshopError
from workshop.rehearse import enclosed, installs, interpreters
from workshop.rehearse.interpreters import PackageIndex


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("%pip install -q seaborn 'xgboost==3.0.5'", ["seaborn", "xgboost==3.0.5"]),
        ('!pip install "s3fs>=2022.01.0" && echo done', ["s3fs>=2022.01.0"]),
        ("!pip install 'a>=1,<2' \\\n  b", ["a>=1,<2", "b"]),
        ("!{sys.executable} -m pip install pyathena > /dev/null", ["pyathena"]),
        (
            "subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'boto3==1.24.23'])",
            ["boto3==1.24.23"],
        ),
        ("!uv pip install --python {sys.executable} --no-cache 'evidently'", ["evidently"]),
        # What is meant for another place, or is no plain requirement, is the notebook's own.
        ("%pip install spark-{version} -t ./temp", []),
        ("!pip install git+https://example.com/x.git https://example.com/x.whl ./folder", []),
        ("%pip install package-{version}", []),
        ("!pip install --index-url https://example.com/simple private", []),
        ("# !pip install commented", []),
        ("%pip install torch==2.1 sagemaker -U pip", []),
    ],
)
def test_plain_requirements_of_pips_lines_are_found(
    tmp_path: Path, cell: str, found: list[str]
) -> None:
    write_notebook(tmp_path / "lab.ipynb", cell)
    assert installs.requirements(tmp_path, ["lab.ipynb"]) == found


def test_a_file_of_requirements_beside_the_notebook_counts_and_none_elsewhere(
    tmp_path: Path,
) -> None:
    content = tmp_path / "content"
    write_notebook(
        content / "one/lab.ipynb", "%pip install -r ./more.txt", "%pip install -r ../../out.txt"
    )
    (content / "one/more.txt").write_text("tqdm  # bars\n-e .\ngevent>=1\n", encoding="utf-8")
    (tmp_path / "out.txt").write_text("outside\n", encoding="utf-8")
    assert installs.requirements(content, ["one/lab.ipynb"]) == ["tqdm", "gevent>=1"]


def test_a_file_of_requirements_that_a_cell_writes_counts_where_pip_reads_it(
    tmp_path: Path,
) -> None:
    written = "%%writefile requirements.txt\n\npandas == 2.1.4\ntensorflow>=2,<3"
    for_a_job = "%%writefile code/others.txt\nxgboost"
    write_notebook(
        tmp_path / "lab.ipynb",
        *(written, "import os", "%pip install -r ./requirements.txt -q", for_a_job),
    )
    assert installs.requirements(tmp_path, ["lab.ipynb"]) == ["pandas==2.1.4", "tensorflow>=2,<3"]


def test_of_two_requirements_for_one_package_the_pinned_one_counts(tmp_path: Path) -> None:
    write_notebook(tmp_path / "1.ipynb", "%pip install scikit-learn", "%pip install a==1")
    write_notebook(tmp_path / "2.ipynb", "%pip install Scikit_Learn==1.4.2", "%pip install a==2")
    assert installs.requirements(tmp_path, ["1.ipynb", "2.ipynb"]) == [
        *("Scikit_Learn==1.4.2", "a==1")
    ]


def test_what_only_machines_with_gpus_need_is_left_out_unless_it_is_asked_for() -> None:
    assert "torch ; sys_platform == 'never'" in interpreters.without(["sagemaker==3.7.1"])
    left_out = interpreters.without(["sagemaker==3.7.1", "torch==2.9.0"])
    assert [line for line in left_out if line.startswith("torch ")] == []
    assert "triton ; sys_platform == 'never'" in left_out


def test_a_pytorch_for_processors_in_a_folder_of_pips_is_taken(tmp_path: Path) -> None:
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    for name in (f"torch-2.9.0+cpu-{python}-{python}-manylinux.whl", "torch-2.9.1-cp39-cp39-x.whl"):
        (tmp_path / name).touch()
    assert interpreters.for_processors([tmp_path]) == ["torch==2.9.0+cpu"]
    assert interpreters.for_processors([tmp_path / "none"]) == []


def test_uv_finds_packages_where_pip_does() -> None:
    index = PackageIndex({"PIP_INDEX_URL": "https://pypi.example.com/simple", "PIP_NO_INDEX": ""})
    assert index.of_uv() == {
        "UV_DEFAULT_INDEX": "https://pypi.example.com/simple",
        # Uv would take a package from the first index alone that has any release of it.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize(
    ("impossible", "made", "left"),
    [
        ((), ["sdk", "a==1", "b"], []),
        (("a==1",), ["sdk", "b"], ["a==1: left to the notebooks that install it (no solution)"]),
        (
            ("a==1", "b"),
            ["sdk"],
            [
                "a==1: left to the notebooks that install it (no solution)",
                "a==1, b: left to the notebooks that install it (no solution)",
            ],
        ),
    ],
)
def test_pins_that_do_not_go_together_are_left_to_the_notebooks(
    impossible: tuple[str, ...], made: list[str], left: list[str]
) -> None:
    def packages(wanted: list[str]) -> Path:
        if set(wanted) & set(impossible):
            raise WorkshopError("it could not be installed", details="no solution")
        return Path("+".join(wanted))

    warnings: list[str] = []
    found = interpreters.with_installs(packages, ["sdk"], ["a==1", "b"], warn=warnings.append)
    assert (found, warnings) == (Path("+".join(made)), left)


def test_pip_is_told_that_what_is_left_out_is_there(tmp_path: Path) -> None:
    site, packages = tmp_path / "site", tmp_path / "packages"
    (packages / "triton-3.9.0.dist-info").mkdir(parents=True)
    site.mkdir()
    kept = interpreters.stand_for_left_out(site, packages)
    listed = {each.name: each.version for each in metadata.distributions(path=[str(site)])}
    assert sorted(f"{name}=={release}" for name, release in listed.items()) == sorted(kept)
    assert "torch" in listed
    assert "triton" not in listed
    # Its files are all that an uninstallation takes away.
    (torch,) = metadata.distributions(name="torch", path=[str(site)])
    assert {Path(str(each)).parts[0] for each in torch.files or ()} == {"torch-2.9.0.dist-info"}


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        ("pip install --python /x/python --no-cache seaborn", "install --no-cache-dir seaborn"),
        ("pip install --index-strategy=unsafe-best-match a==1", "install a==1"),
        ("pip uninstall --system a", "uninstall -y a"),
    ],
)
def test_uv_of_a_notebook_is_pip_which_sees_what_is_installed(asked: str, instead: str) -> None:
    spec = importlib.util.spec_from_file_location("x", enclosed.PROGRAMS / "uv_command.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.of_pip(asked.split()[1:]) == instead.split()
