"""Which addresses of a request are data that a job reads, and which are what it writes."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest

from workshop.rehearse import enclosed


@pytest.fixture(scope="module")
def job_data() -> ModuleType:
    spec = importlib.util.spec_from_file_location("job_data", enclosed.PROGRAMS / "job_data.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TRAINING = {
    "HyperParameters": {"sagemaker_program": "s3://own/code/source.tar.gz"},
    "InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": "s3://own/train/"}}}],
    "OutputDataConfig": {"S3OutputPath": "s3://own/out"},
    "CheckpointConfig": {"S3Uri": "s3://own/checkpoints"},
}
READ_AND_WRITTEN = [(True, "own", "train/"), (False, "own", "out")]


def test_inputs_are_read_outputs_are_written_and_the_rest_is_neither(job_data: ModuleType) -> None:
    assert list(job_data.places(TRAINING)) == READ_AND_WRITTEN


def test_steps_of_a_pipeline_are_requests_and_their_parameters_have_defaults(
    job_data: ModuleType,
) -> None:
    place = {"S3Uri": {"Get": "Parameters.InputData"}}
    more: dict[str, Any] = {"ProcessingInputs": [{"S3Input": place}]}
    later = {"S3Uri": {"Get": "Steps.First.ProcessingOutputConfig.Outputs['x'].S3Output.S3Uri"}}
    last = {"InputDataConfig": [{"DataSource": {"S3DataSource": later}}]}
    definition = {
        "Parameters": [{"Name": "InputData", "Type": "String", "DefaultValue": "s3://own/raw"}],
        "Steps": [{"Arguments": more}, {"Arguments": TRAINING}, {"Arguments": last}],
    }
    found = list(job_data.places({"PipelineDefinition": json.dumps(definition)}))
    assert found == [(True, "own", "raw"), *READ_AND_WRITTEN]
