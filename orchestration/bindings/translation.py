"""How dbt's models, seeds and tests look in Dagster."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.building.tests_in_words import describe_test

# Who answers for the assets; Dagster's other form is an address of a person.
OWNER = "team:reporting"


def with_owner_and_layer(spec: dg.AssetSpec) -> dg.AssetSpec:
    """An asset with its owner, and its layer as a tag, by which Dagster's interface can filter."""
    return spec.replace_attributes(owners=[OWNER], tags={**spec.tags, "layer": spec.group_name or "none"})


class Translator(DagsterDbtTranslator):
    """Words first, the SQL last; every check says what it checks."""

    def __init__(self) -> None:
        """Tests are checks, those of sources too."""
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_tests_as_checks=True))

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The words alone: Dagster shows the description, then the columns with theirs, then the metadata."""
        return str(dbt_resource_props.get("description") or dbt_resource_props["name"])

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Dagster's, and the SQL."""
        code = dbt_resource_props.get("raw_code")
        sql = {"sql": dg.MetadataValue.md(f"```sql\n{code}\n```")} if code else {}
        return {**super().get_metadata(dbt_resource_props), **sql}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """Dagster's, with what the test checks in words."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=describe_test(manifest["nodes"][unique_id]))
