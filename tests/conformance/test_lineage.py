"""Conformance: what lineage consists of, and what ties it together."""

from __future__ import annotations

from tests.support.conformance import Aws

SOURCE = {"SourceUri": "s3://data/train.csv"}


def test_entities_are_made_found_by_their_source_and_deleted(aws: Aws) -> None:
    client = aws.sagemaker
    artifact = client.create_artifact(ArtifactName="a", Source=SOURCE, ArtifactType="DataSet")
    assert ":artifact/" in artifact["ArtifactArn"]
    found = client.describe_artifact(ArtifactArn=artifact["ArtifactArn"])
    assert (found["ArtifactName"], found["ArtifactType"]) == ("a", "DataSet")
    client.create_context(ContextName="c", Source=SOURCE, ContextType="Lab")
    client.create_action(ActionName="x", Source=SOURCE, ActionType="Step")
    for plural in ("Artifact", "Context", "Action"):
        operation = getattr(client, f"list_{plural.lower()}s")
        assert len(operation(**SOURCE)[f"{plural}Summaries"]) == 1
        assert operation(SourceUri="s3://other")[f"{plural}Summaries"] == []
    client.delete_artifact(ArtifactArn=artifact["ArtifactArn"])
    assert aws.refusal("describe_artifact", ArtifactArn=artifact["ArtifactArn"]).startswith(
        "ResourceNotFound: "
    )


def test_what_is_associated_cannot_be_deleted_until_it_is_untied(aws: Aws) -> None:
    client = aws.sagemaker
    context = client.create_context(ContextName="c", Source=SOURCE, ContextType="Lab")
    action = client.create_action(ActionName="x", Source=SOURCE, ActionType="Step")
    ends = {"SourceArn": context["ContextArn"], "DestinationArn": action["ActionArn"]}
    client.add_association(**ends, AssociationType="Produced")
    client.add_association(**ends, AssociationType="Produced")
    [tie] = client.list_associations(DestinationArn=ends["DestinationArn"])["AssociationSummaries"]
    assert (tie["SourceArn"], tie["AssociationType"]) == (ends["SourceArn"], "Produced")
    assert "it still has associations" in aws.refusal("delete_action", ActionName="x")
    client.delete_association(**ends)
    assert aws.refusal("delete_association", **ends).startswith("ResourceNotFound: ")
    client.delete_action(ActionName="x")
    client.delete_context(ContextName="c")


def test_properties_of_each_entity_can_be_changed(aws: Aws) -> None:
    client, wanted = aws.sagemaker, {"rows": "3"}
    arn = client.create_artifact(Source=SOURCE, ArtifactType="DataSet")["ArtifactArn"]
    client.update_artifact(ArtifactArn=arn, Properties=wanted)
    assert client.describe_artifact(ArtifactArn=arn)["Properties"] == wanted
    client.create_context(ContextName="c", Source=SOURCE, ContextType="Lab")
    client.update_context(ContextName="c", Properties=wanted)
    assert client.describe_context(ContextName="c")["Properties"] == wanted
    client.create_action(ActionName="x", Source=SOURCE, ActionType="Step")
    client.update_action(ActionName="x", Status="Completed")
    assert client.describe_action(ActionName="x")["Status"] == "Completed"
