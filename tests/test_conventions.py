"""Conventions of the dbt project, checked over its manifest."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from orchestration.building.tests_in_words import describe_test
from orchestration.publishing.outputs import OUTPUT_FILES

# What only one engine has stands in macros/engine/, so that the same models run elsewhere.
ENGINE_SPECIFIC = re.compile(
    r"\b(read_parquet|read_csv|read_json\w*|epoch\w*|strftime|strptime|try_strptime|timestamptz|at time zone|timezone\s*\("
    r"|arg_max|arg_min|quantile\w*|struct_pack|to_json|regexp_\w+|nfc_normalize|asof|by name|list_\w+|array_agg|unnest|to_hours"
    # The arguments of these stand in another order; names in double quotes are texts (`adapter.quote` writes both).
    r"|[lr]trim)\b|'\"[\w-]+\"'",
    re.IGNORECASE,
)
PREFIXES = {
    "staging": "stg_",
    "intermediate": "int_",
    "marts": ("fct_", "dim_", "rpt_", "report_info"),
    "audit": "audit_",
    "exports": "export_",
}


@pytest.fixture(scope="module")
def manifest(parsed_target: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((parsed_target / "manifest.json").read_text())
    return loaded


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_and_seed_is_described_and_ends_in_its_grain(manifest: dict[str, Any]) -> None:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    lacking = [node["name"] for node in nodes if not re.search(r"One row\b[^.]*\.$", node["description"])]
    assert lacking == []


def test_every_published_column_is_described(manifest: dict[str, Any]) -> None:
    lacking = [
        f"{node['name']}.{column}"
        for node in manifest["nodes"].values()
        if node["config"].get("database") == "marts"
        for column, declared in node["columns"].items()
        if not declared["description"]
    ]
    assert lacking == []


def test_models_are_plain(manifest: dict[str, Any]) -> None:
    """No hook, no question to the database while compiling, no second way of behaving but is_incremental()."""
    hooked = [node["name"] for node in models(manifest) if node["config"]["pre-hook"] or node["config"]["post-hook"]]
    assert hooked == []
    asking = [
        str(path.relative_to(PROJECT_DIR))
        for folder in ("models", "macros")
        for path in sorted((PROJECT_DIR / folder).rglob("*.sql"))
        if "run_query" in path.read_text()
    ]
    # The phrases of opt-outs are patterns that must stand in the statement.
    assert asking == ["macros/engine/opt_outs.sql"]
    intermediate = [node for node in models(manifest) if node["fqn"][1] == "intermediate"]
    assert len(intermediate) <= 10
    long = [node["name"] for node in intermediate if node["raw_code"].count("\n") > 120]
    assert long == []


def test_names_tell_the_layer(manifest: dict[str, Any]) -> None:
    wrong = [node["name"] for node in models(manifest) if not node["name"].startswith(PREFIXES[node["fqn"][1]])]
    assert wrong == []


def test_only_staging_reads_sources(manifest: dict[str, Any]) -> None:
    wrong = [
        node["name"]
        for node in models(manifest)
        if node["fqn"][1] != "staging" and any(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
    ]
    assert wrong == []


def test_every_mart_has_a_contract_a_key_and_a_unit_test(manifest: dict[str, Any]) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    keyed = {
        parent.split(".")[-1]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("test_metadata", {}).get("name") == "rules"
        for parent in node["depends_on"]["nodes"]
    }
    for node in models(manifest):
        if node["fqn"][1] == "marts":
            assert node["config"]["contract"]["enforced"], node["name"]
            assert node["name"] in keyed, node["name"]
            assert node["name"] in tested, node["name"]


def test_every_seed_has_rules_that_are_tested(manifest: dict[str, Any]) -> None:
    seeds = {name for name, node in manifest["nodes"].items() if node["resource_type"] == "seed"}
    tested = {
        parent
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "rules"
        for parent in node["depends_on"]["nodes"]
    }
    assert seeds - tested == set()


def test_unit_tests_carry_their_models_name(manifest: dict[str, Any]) -> None:
    wrong = [
        test["name"] for test in manifest["unit_tests"].values() if not test["name"].startswith(test["model"] + "__")
    ]
    assert wrong == []


def test_every_rule_of_the_contract_has_a_unit_test(manifest: dict[str, Any]) -> None:
    named = " ".join(test["name"] for test in manifest["unit_tests"].values())
    assert [rule for rule in range(1, 13) if f"rule_{rule}_" not in named] == []


def test_models_hold_no_engine_specific_sql() -> None:
    found = {
        str(path.relative_to(PROJECT_DIR)): match.group()
        for path in sorted((PROJECT_DIR / "models").rglob("*.sql"))
        if (match := ENGINE_SPECIFIC.search(path.read_text()))
    }
    assert found == {}


def test_every_extract_table_declares_what_it_requires(manifest: dict[str, Any]) -> None:
    for node in manifest["sources"].values():
        declared = node["config"].get("meta", {}).get("extract")
        if declared is not None:
            assert declared["required"] or declared["one_of"], node["name"]
            assert {*declared["required"], *(name for names in declared.get("one_of", []) for name in names)} <= set(
                node["columns"]
            ), node["name"]


def test_every_output_is_an_exposure_of_what_it_is_made_of(manifest: dict[str, Any]) -> None:
    exposed = {
        exposure["label"]: sorted(parent.split(".")[-1] for parent in exposure["depends_on"]["nodes"])
        for exposure in manifest["exposures"].values()
        if exposure["owner"]["name"]
    }
    read = re.findall(r"\b(?:from|join) (\w+)\b", (PROJECT_DIR / "orchestration/reporting/queries.py").read_text())
    published = {node["name"] for node in manifest["nodes"].values() if node["config"].get("database") == "marts"}
    report = {"The report": sorted(set(read) & published)}
    assert exposed == {file: sorted(set(views)) for file, views in OUTPUT_FILES.items()} | report


def test_every_data_test_says_in_words_what_it_checks(manifest: dict[str, Any]) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    sentences = {node["name"]: describe_test(node) for node in tests}
    assert [name for name, sentence in sentences.items() if not re.fullmatch(r"[\w_].* .*\.", sentence)] == []
    assert [name for name, sentence in sentences.items() if name.replace("_", " ").capitalize() in sentence] == []


def test_every_target_of_make_is_defined_once_and_explained() -> None:
    text = (PROJECT_DIR / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.* ## \S", text, re.MULTILINE)
    assert sorted(explained) == sorted(phony.split())


def test_dagster_shows_a_models_words_and_columns_before_its_sql(manifest: dict[str, Any]) -> None:
    from orchestration.bindings.translation import Translator

    node = manifest["nodes"]["model.outbound_sms.fct_sends"]
    metadata = Translator().get_metadata(node)
    assert Translator().get_description(node) == node["description"]
    assert node["raw_code"] in metadata["sql"].value
    assert "dagster/column_schema" in metadata
