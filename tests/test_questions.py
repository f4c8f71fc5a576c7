"""The page of questions: each block of SQL runs as it stands, and answers."""

import re
import subprocess
import sys

import pytest

from orchestration.building.dbt_project import PROJECT_DIR
from tests.pipeline import Pipeline

PAGE = (PROJECT_DIR / "docs" / "questions.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^## (\d+\. .+?)\n.*?```sql\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_fifteen_questions() -> None:
    assert [question.split(".")[0] for question, _ in QUESTIONS] == [str(number) for number in range(1, 16)]


@pytest.mark.parametrize(("question", "sql"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_a_question_is_answered(published: Pipeline, question: str, sql: str) -> None:
    assert published.query(sql)


def test_the_prompt_answers_statements_of_a_pipe(published: Pipeline) -> None:
    ((customer,),) = published.query("select min(customer_id) from fct_sends")
    result = subprocess.run(
        [sys.executable, "-m", "orchestration", "sql"],
        input=(
            "select count(*) as n\nfrom rpt_messages;\nselect nothing;\n"
            f"set variable customer_id = '{customer}'; select 'two in a line' as words; -- and a comment\nselect 1;\n"
            ".read docs/customer_timeline.sql\n.read docs/missing.sql\n"
            "insert into rpt_messages select * from rpt_messages"
        ),
        cwd=PROJECT_DIR,
        env={**published.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "as of 2026-11-02 06:00 UTC" in result.stdout
    assert f"│ {published.query('select count(*) from rpt_messages')[0][0]} │".replace(
        " ", ""
    ) in result.stdout.replace(" ", "")
    assert '"nothing" was not found' in result.stderr
    assert "two in a line" in result.stdout
    assert "occurred_at" in result.stdout
    assert "docs/missing.sql" in result.stderr
    assert "read-only" in result.stderr
