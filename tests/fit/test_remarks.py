"""What an author has to edit: said by kind and place, and never with what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab_files import write_notebook
from workshop.access.permissions import AccessDecision
from workshop.config.profiles import Profile
from workshop.fit import content, labs
from workshop.fit.calls import Place
from workshop.fit.fitting import Fitting, Verdict
from workshop.fit.remarks import remarks, where

KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


def said(folder: Path, *cells: str, kernel: str = "conda_python3") -> list[str]:
    """Return the sentences about a notebook of these cells, where all is allowed."""
    write_notebook(folder, "lab.ipynb", *cells, kernel=kernel)
    found = labs.read(content.read_folder(folder))
    verdicts = tuple(Verdict(call, AccessDecision(allowed=True)) for call in found.calls)
    fitting = Fitting(Profile(), (), verdicts)
    return [each.text for each in remarks(fitting, found, "eu-west-1")]


@pytest.mark.parametrize(
    ("cell", "begins"),
    [
        (f"key = '{KEY}'", "holds what looks like an AWS access key: take it out, and revoke it"),
        (f"!export AWS_ACCESS_KEY_ID={KEY}", "holds what looks like an AWS access key"),
        ("login('hf_" + "a" * 34 + "')", "holds what looks like a Hugging Face token"),
        ("role = 'arn:aws:iam::123456789012:role/me'", "names an account's id in an ARN"),
        ("client(region_name='us-east-1')", "names the Region us-east-1, and the workshop is in"),
        ("!aws s3 ls --region us-west-2", "names the Region us-west-2"),
        ("import os\nos.environ['AWS_DEFAULT_REGION'] = 'ap-south-1'", "names the Region ap-south"),
        (
            "i = '123456789012.dkr.ecr.us-east-2.amazonaws.com/a:1'",
            "takes an image from the Region us-east-2, and a seat pulls from eu-west-1 alone",
        ),
        ("!aws ecr create-repository --repository-name a", "makes a repository in a command"),
        ("!aws ecr describe-repositories", "names a repository in a command"),
        ("role = 'AmazonSageMaker-ExecutionRole-1'", "names a role that is not the seat's"),
        ("region = '<your-region>'", "has a Region to be filled in: take the session's"),
        ("image_uri = 'your-image'", "has an image's address to be filled in"),
        ("!bash push.sh xxxxxxxxx", "has an account's id to be filled in"),
        ("bucket_name = 'Your-Bucket-Name'", "has a bucket's name to be filled in"),
        ("!sudo ls", "uses sudo, which takes notebook.root_access"),
        ("!apt-get install jq", "calls apt-get: the notebook's system is Amazon Linux 2023"),
        ("!docker build .", "uses docker on the notebook"),
        ("r = ProfilerRule.sagemaker(x)", "uses SageMaker Debugger, which AWS closed to new"),
        ("!docker push a", "pushes an image: push it to the repository WORKSHOP_REPOSITORY"),
        ("import tensorflow as tf", "imports TensorFlow, which the notebook's kernels do not"),
        ("b = 's3://your-bucket-name/x'", "has a bucket's name to be filled in"),
        (f"import boto3\nboto3.client('s3').get_object(Bucket='{KEY}')", "has a bucket's name to"),
        (
            "import sagemaker\nsagemaker.estimator.Estimator().fit()",
            "asks for machines for training of a type that its code does not say: name one",
        ),
        (
            "import sagemaker\nsagemaker.e.Estimator(instance_type='ml.p99.large').fit()",
            "asks for ml.p99.large, which SageMaker does not offer for training: name another",
        ),
        ("x = = 1", "could not be read as Python: what it calls is not known"),
    ],
)
def test_what_has_to_be_edited_is_said(tmp_path: Path, cell: str, begins: str) -> None:
    texts = said(tmp_path, cell)
    assert any(text.startswith(begins) for text in texts), texts
    assert not any(KEY in text or "123456789012" in text or "hf_a" in text for text in texts)


@pytest.mark.parametrize(
    "cell",
    [
        "client(region_name='eu-west-1')",
        "i = f'{account}.dkr.ecr.{region}.amazonaws.com/a:1'",
        "!pip install sagemaker",
        "!pip install 'sagemaker>=2.100'",
        "!pip install 'sagemaker<3'",
        "!pip install 'sagemaker==2.100.0'",
        "Pipeline(pipeline_name = 'mine')",
        "%%writefile Dockerfile\nFROM scratch\nRUN apt-get install -y curl",
    ],
)
def test_what_works_as_it_is_is_not_spoken_of(tmp_path: Path, cell: str) -> None:
    assert said(tmp_path, cell) == []


def test_an_address_that_is_installed_from_is_not_repeated(tmp_path: Path) -> None:
    write_notebook(tmp_path, "a.ipynb", "!pip install 'sagemaker@git+https://me:geheim@host/a.git'")
    (tmp_path / "requirements.txt").write_text("sagemaker[local]>=2.0,<3 ; python_version>'3'\n")
    found = labs.read(content.read_folder(tmp_path))
    releases = {detail for kind, detail, _ in found.facts if kind == "release"}
    assert releases == {"sagemaker", "sagemaker[local]>=2.0,<3"}


def test_a_kernel_that_the_notebook_does_not_have_is_named(tmp_path: Path) -> None:
    (text,) = said(tmp_path, "x = 1", kernel="conda_pytorch_p36")
    assert text.startswith("was saved with a kernel that the notebook may not have (conda_pytorch")
    (text,) = said(tmp_path, "x = 1", kernel="k__SAGEMAKER_INTERNAL__arn:aws:123456789012")
    assert "(of Studio)" in text
    assert "123456789012" not in text


def test_what_looks_like_a_secret_comes_first(tmp_path: Path) -> None:
    texts = said(tmp_path, "import tensorflow", f"key = '{KEY}'", "!sudo ls")
    assert texts[0].startswith("holds what looks like")


def test_a_few_places_are_named_and_the_others_counted() -> None:
    places = [Place("a.ipynb", number) for number in range(1, 6)]
    assert where(places[:2]) == "a.ipynb cell 1, a.ipynb cell 2"
    assert where(places, 2) == "a.ipynb cell 1, a.ipynb cell 2 and 3 more places"
    assert where([Place("a.py", 0, 7), Place("b.py")]) == "a.py line 7, b.py"
