"""The two REST services beside SageMaker's own: invocations, and BatchPutMetrics.

They sign as ``sagemaker`` too and send no ``X-Amz-Target``, so method and path identify them.
Nothing runs behind an endpoint: it answers with the very body that it was sent, which lets a
serializer and its deserializer work as a pair, and counts the request in its metrics and log. Only
TensorFlow Serving, which answers in JSON whatever it is asked in, gives as many predictions, and
images of Hugging Face as many entries of a list.
"""

from __future__ import annotations

import json
import re
import uuid
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol import responses
from localcloud.protocol.errors import ApiError
from localcloud.protocol.json_service import Answer, parsed
from localcloud.protocol.requests import check_request
from localcloud.sagemaker import objects, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record
from localcloud.sagemaker.resources import endpoint, experiments, inference_component, variants

_INVOCATIONS = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")

_PREDICTS = re.compile(r"/tensorflow-inference[:@]")
"""Images of TensorFlow Serving."""
_LISTS = re.compile(r"/huggingface-[a-z-]*inference[a-z0-9-]*[:@]")
"""Images of Hugging Face, which answer JSON with a list."""
_OF_TEXT = {"label": "LABEL_0", "score": 0.5, "generated_text": "played"}

_HEADERS = {
    "content-type": "ContentType",
    "x-amzn-sagemaker-target-variant": "TargetVariant",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName",
    "x-amzn-sagemaker-inputlocation": "InputLocation",
    "x-amzn-sagemaker-inference-id": "InferenceId",
}
"""Header of an invocation -> the request member that it carries; the others are not looked at."""

_TYPE = "content-type"
"""In lower case: ministack rewrites a ``Content-Type`` of JSON to the one of SageMaker."""


def operation(method: str, path: str) -> str | None:
    """Return the operation that a request means by its path, or None if it is none of these."""
    if method == "POST" and (found := _INVOCATIONS.fullmatch(path)):
        return "InvokeEndpointAsync" if found[2] else "InvokeEndpoint"
    return "BatchPutMetrics" if (method, path) == ("PUT", "/BatchPutMetrics") else None


def members(
    path: str,
    headers: dict[str, str],
    query: dict[str, Any],  # noqa: ARG001 - asked like all
    body: bytes,
) -> Members:
    """Return the request under the API's member names, without the body of an invocation."""
    found = _INVOCATIONS.fullmatch(path)
    if found is None:
        return parsed(body)
    given = {name: headers[header] for header, name in _HEADERS.items() if header in headers}
    return {"EndpointName": found[1], **given}


def perform(engine: SageMakerEngine, asked: str, request: Members, body: bytes) -> Answer:
    """Perform the operation; raises ``ApiError`` for every refusal."""
    with engine.lock:
        engine.statuses.run_due()
        if asked == "InvokeEndpoint":
            return _invoke(engine, request, body)
        if asked == "InvokeEndpointAsync":
            return _invoke_later(engine, request)
        return _put_metrics(engine, request)


def _invoke(engine: SageMakerEngine, request: Members, body: bytes) -> Answer:
    name = request["EndpointName"]
    record = engine.record(endpoint.KIND, name)
    # The name's case matters here, though it does not when an endpoint is created.
    if record is None or record["name"] != name or record["status"] not in endpoint.SERVING:
        raise _invalid(f"Endpoint {name} of account {ministack_adapter.account()} not found.")
    variant = _chosen(record, request)
    if variant["model"] is None:
        _require_component(engine, record, request)
    moment = engine.clock.now()
    variant["served"] += 1
    variant_name = variant["shown"]["VariantName"]
    stream = next(iter(variants.streams(record["arn"], variant)), f"{variant_name}/serverless")
    side_effects.write_log(
        endpoint.log_group(record), stream, moment, '"POST /invocations HTTP/1.1" 200'
    )
    place = {"EndpointName": name, "VariantName": variant_name}
    counts = {"Invocations": 1.0, "Invocation4XXErrors": 0.0, "Invocation5XXErrors": 0.0}
    side_effects.publish_metrics("AWS/SageMaker", place, counts, moment, "Count")
    latencies = {"ModelLatency": 1000.0, "OverheadLatency": 1000.0}
    side_effects.publish_metrics("AWS/SageMaker", place, latencies, moment, "Microseconds")
    headers = {
        _TYPE: request.get("ContentType", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant_name,
    }
    images = variant["shown"].get("DeployedImages", [])
    if any(_PREDICTS.search(image["SpecifiedImage"]) for image in images):
        headers[_TYPE] = "application/json"
        body = json.dumps({"predictions": [[0.5]] * _rows(body)}).encode()
    elif any(_LISTS.search(image["SpecifiedImage"]) for image in images) and _is_object(body):
        body = json.dumps([_OF_TEXT] * _rows(body)).encode()
    return HTTPStatus.OK, headers, body


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _rows(body: bytes) -> int:
    """Return how many examples a request asks about, in JSON or a line each."""
    try:
        asked = json.loads(body)
    except ValueError:
        return max(1, len(body.splitlines()))
    rows = asked.get("instances", asked.get("inputs", asked)) if isinstance(asked, dict) else asked
    return len(rows) if isinstance(rows, list) else 1


def _invoke_later(engine: SageMakerEngine, request: Members) -> Answer:
    """Answer at once: what it was sent is already where the answer of an endpoint would come."""
    check_request("sagemaker-runtime", "InvokeEndpointAsync", request)
    record = engine.record(endpoint.KIND, request["EndpointName"])
    body = objects.read(request["InputLocation"])
    _invoke(engine, request, body or b"")
    deployed: variants.Deployment = record["members"]["Now"] if record else {}
    config = deployed["settings"].get("AsyncInferenceConfig")
    if config is None:
        # Not measured on AWS.
        name = request["EndpointName"]
        raise _invalid(f"Endpoint {name} is not configured for asynchronous use.")
    inference = request.get("InferenceId") or str(uuid.uuid4())
    output = objects.under(config["OutputConfig"]["S3OutputPath"], f"{inference}.out")
    failure = config["OutputConfig"].get("S3FailurePath")
    headers = {_TYPE: "application/json", "x-amzn-sagemaker-outputlocation": output}
    if failure:
        failed = objects.under(failure, f"{inference}-error.out")
        headers["x-amzn-sagemaker-failurelocation"] = failed
    if body is not None:
        objects.offer(output, body)
    return HTTPStatus.ACCEPTED, headers, json.dumps({"InferenceId": inference}).encode()


def _chosen(record: Record, request: Members) -> variants.Variant:
    """Return the requested variant or, by weight, the next."""
    deployed: variants.Deployment = record["members"]["Now"]
    asked = request.get("TargetVariant")
    if asked is not None:
        variant = variants.named(deployed, asked)
        if variant is None:
            # Not measured on AWS.
            raise _invalid(f"Variant {asked} of endpoint {record['name']} not found.")
        return variant
    weighty = [variant for variant in deployed["variants"] if variant["shown"]["CurrentWeight"] > 0]
    return min(
        weighty or deployed["variants"],
        key=lambda variant: (variant["served"] + 1) / (variant["shown"]["CurrentWeight"] or 1.0),
    )


def _require_component(engine: SageMakerEngine, record: Record, request: Members) -> None:
    name = request.get("InferenceComponentName")
    if name is None:
        raise _invalid(
            "Inference Component Name header is required for endpoints to which you plan to deploy "
            "inference components. Please include Inference Component Name header or consider "
            "using SageMaker models."
        )
    component = engine.record(inference_component.KIND, name)
    if (
        component is None
        or component["members"]["EndpointName"] != record["name"]
        or component["status"] not in inference_component.SERVING
    ):
        # Not measured on AWS.
        raise _invalid(f"Inference Component {name} of endpoint {record['name']} not found.")


def _put_metrics(engine: SageMakerEngine, request: Members) -> Answer:
    check_request("sagemaker-metrics", "BatchPutMetrics", request)
    component = engine.record(experiments.TRIAL_COMPONENT, request["TrialComponentName"])
    errors = []
    for index, metric in enumerate(request["MetricData"]):
        if component is None:
            errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
        else:
            experiments.put_metric(
                component, metric["MetricName"], metric["Value"], metric["Timestamp"]
            )
    answer = responses.checked("sagemaker-metrics", "BatchPutMetrics", {"Errors": errors})
    return HTTPStatus.OK, {_TYPE: "application/json"}, json.dumps(answer).encode()


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationError", message)
