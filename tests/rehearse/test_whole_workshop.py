"""A workshop of our own from its labs to its rehearsal: fit, check, and a seat that is deployed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.rehearsals import PACKAGES, write_notebook
from tests.support.workshop_command import run
from workshop.rehearse import interpreters

SETUP = """
import boto3, time
region = '<your-region>'
bucket = 'your-bucket-name'
role = 'AmazonSageMaker-ExecutionRole-1'
image_uri = 'URI-of-your-image'
sm = boto3.client('sagemaker', region_name=region)
s3 = boto3.client('s3', region_name=region)
"""
UPLOAD = "s3.put_object(Bucket='your-bucket-name', Key='lab/train/a.csv', Body=b'0,1')"
TRAIN = """
def train(name, image, **more):
    sm.create_training_job(
        TrainingJobName=name, RoleArn=role,
        AlgorithmSpecification={'TrainingImage': image, 'TrainingInputMode': 'File'},
        InputDataConfig=[{'ChannelName': 'train', 'DataSource': {'S3DataSource': {
            'S3DataType': 'S3Prefix', 'S3Uri': f's3://{bucket}/lab/train'}}}],
        OutputDataConfig={'S3OutputPath': f's3://{bucket}/lab/out'},
        ResourceConfig={'InstanceType': 'ml.m5.xlarge', 'InstanceCount': 1, 'VolumeSizeInGB': 5},
        **more)
    while sm.describe_training_job(TrainingJobName=name)['TrainingJobStatus'] == 'InProgress':
        time.sleep(30)
    assert sm.describe_training_job(TrainingJobName=name)['TrainingJobStatus'] == 'Completed'
hour = {'StoppingCondition': {'MaxRuntimeInSeconds': 3600}}
ready = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'
train('scripted', ready, **hour)
"""
PUSH = """%%bash
set -e
docker build -t lab/training .
docker tag lab/training xxxxxxxxxxxx.dkr.ecr.us-east-1.amazonaws.com/lab/training:latest
docker push xxxxxxxxxxxx.dkr.ecr.us-east-1.amazonaws.com/lab/training:latest
"""
CREATE = "%%writefile make.sh\naws ecr create-repository --repository-name lab/training"
OWN_IMAGE = "train('own-image', image_uri, **hour)"
SPOT = """
train('spot', ready, EnableManagedSpotTraining=True,
      CheckpointConfig={'S3Uri': f's3://{bucket}/lab/checkpoints'},
      StoppingCondition={'MaxRuntimeInSeconds': 3600, 'MaxWaitTimeInSeconds': 7200})
"""
TUNE = """
sm.create_hyper_parameter_tuning_job(
    HyperParameterTuningJobName='tune',
    HyperParameterTuningJobConfig={
        'Strategy': 'Random', 'ResourceLimits': {'MaxNumberOfTrainingJobs': 2,
                                                 'MaxParallelTrainingJobs': 1},
        'HyperParameterTuningJobObjective': {'Type': 'Maximize', 'MetricName': 'dice'},
        'ParameterRanges': {'ContinuousParameterRanges': [
            {'Name': 'lr', 'MinValue': '0.1', 'MaxValue': '0.2'}]}},
    TrainingJobDefinition={
        'RoleArn': role, **hour,
        'AlgorithmSpecification': {
            'TrainingImage': ready, 'TrainingInputMode': 'File',
            'MetricDefinitions': [{'Name': 'dice', 'Regex': 'dice: (.*)'}]},
        'OutputDataConfig': {'S3OutputPath': f's3://{bucket}/lab/tuned'},
        'ResourceConfig': {'InstanceType': 'ml.m5.xlarge', 'InstanceCount': 1,
                           'VolumeSizeInGB': 5}})
"""
TRACK = """
sm.create_experiment(ExperimentName='lab')
sm.create_trial(TrialName='first', ExperimentName='lab')
sm.create_trial_component(TrialComponentName='run')
sm.associate_trial_component(TrialName='first', TrialComponentName='run')
assert sm.describe_trial(TrialName='first')['ExperimentName'] == 'lab'
"""
DEPLOY = """
model = sm.describe_training_job(TrainingJobName='scripted')['ModelArtifacts']['S3ModelArtifacts']
sm.create_model(ModelName='lab', ExecutionRoleArn=role,
                PrimaryContainer={'Image': ready, 'ModelDataUrl': model})
sm.create_endpoint_config(EndpointConfigName='lab', ProductionVariants=[{
    'VariantName': 'all', 'ModelName': 'lab', 'InstanceType': 'ml.m5.large',
    'InitialInstanceCount': 1}])
sm.create_endpoint(EndpointName='lab', EndpointConfigName='lab')
sm.get_waiter('endpoint_in_service').wait(EndpointName='lab')
"""
INVOKE = """
runtime = boto3.client('sagemaker-runtime', region_name=region)
runtime.invoke_endpoint(EndpointName='lab', Body=b'1,2')['Body'].read()
"""
DELETE = """
sm.delete_endpoint(EndpointName='lab')
sm.delete_endpoint_config(EndpointConfigName='lab')
sm.delete_model(ModelName='lab')
"""
SELECT = """
s3.select_object_content(
    Bucket=bucket, Key='lab/train/a.csv', Expression='select * from s3object',
    ExpressionType='SQL', InputSerialization={'CSV': {}}, OutputSerialization={'CSV': {}})
"""
FIRST = (SETUP, UPLOAD, TRAIN, CREATE, PUSH, OWN_IMAGE, SPOT, TUNE, TRACK)
SECOND = (SETUP, "ready = '683313688378.dkr.ecr.us-east-1.amazonaws.com/a:1'", DEPLOY, INVOKE)


@pytest.mark.long
def test_what_fit_writes_runs_a_workshop_and_select_alone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interpreters, "prepared", lambda *_, **__: PACKAGES)
    write_notebook(tmp_path / "labs/1-train.ipynb", *FIRST)
    write_notebook(tmp_path / "labs/2-serve.ipynb", *SECOND, DELETE, SELECT)
    fitted = json.loads(run("fit", "labs", "-e", "lab", "--account", "111122223333", "--json").out)
    assert [each["actions"] for each in fitted["closed"]] == [["s3:SelectObjectContent"]]
    assert run("check", "-e", "lab").code == 0
    replacing = [f"--replace={old}={new}" for old, new in fitted["replace"].items()]
    ran = run(
        *("rehearse", "-e", "lab", "--content", "labs", "--sdk", "none", "--run", "--unconfined"),
        *("--minutes", "15", "--json", *replacing),
    )
    cells: list[dict[str, Any]] = json.loads(ran.out)["cells"]
    *others, select = cells
    assert [(one["cell"], one["why"]) for one in others if one["result"] != "ok"] == [], ran.err
    assert len(others) == len((*FIRST, *SECOND, DELETE))
    assert select["result"] == "denied"
    assert select["why"].endswith("AWS closed S3 Select to new customers; read the object instead")
    assert ran.code == 1
