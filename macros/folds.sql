{#- How a store folds: each of its runs takes the rows of extracts that it has not taken, and no others (docs/decisions/0004). -#}

{%- macro is_new(extract_number, mark) -%}
    {#- Condition: the row is of an extract that this model has not taken yet, and that the run may take.
        extract_number: a column of the rows, bare, so that a scan skips files and row groups of other extracts.
        mark: the model's own column of extract numbers; its largest tells what the model has taken. It changes in the same transaction
        as the rows, so a run that was killed is continued and nothing is taken twice. -#}
    {{ extract_number }} <= (select last_extract_number from {{ ref('stg_pipeline__settings') }})
    {%- if is_incremental() %}
    and {{ is_above_mark(extract_number, mark) }}
    {%- endif %}
{%- endmacro -%}

{%- macro is_above_mark(extract_number, mark) -%}
    {#- Condition: the row came or changed since this model last looked, in a model that reads other stores. -#}
    {{ extract_number }} > (select coalesce(max({{ mark }}), 0) from {{ this }})
{%- endmacro -%}

{%- macro column_list(columns, relation=none, indent=4) -%}
    {#- Columns as a select list, one a line. -#}
    {%- for column in columns -%}
    {{ relation ~ '.' if relation }}{{ column }}{{ ',\n' ~ ' ' * indent if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro same(columns, relation, other) -%}
    {#- Condition: two relations have the same values in columns that are never null. -#}
    {%- for column in columns -%}
    {{ " and " if not loop.first }}{{ relation }}.{{ column }} = {{ other }}.{{ column }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro is_claimed() -%}
    {#- Condition on rows of int_sends: it is a message of a carrier's log that a send of the application claims, and no send of its own.
        It is never null: Spark compares all pairs for the opposite of a bare `in`, since it might be. -#}
    is_carrier_log
    and coalesce(send_id in (select claimed.send_id from {{ ref('int_sends_claimed') }} as claimed), false)
{%- endmacro -%}

{%- macro ids_of_claims(sends, changed) -%}
    {#- Query: the ids that the rows of a carrier's log have which the application's changed sends claim, or claimed before their id of the
        provider changed.
        sends: int_sends; changed: condition on its rows. -#}
    {%- for id in ['send_id', 'provider_message_id', each_text('_provider_message_ids')] %}
    {{ "union all" if not loop.first }}
    select {{ id }} as send_id
    from {{ sends }}
    where not is_carrier_log and {{ changed }}
    {%- endfor %}
{%- endmacro -%}

{%- macro declared_extract_tables() -%}
    {#- The source tables that extracts are loaded into, as declared; none within a unit test, whose graph has no sources. -#}
    {%- set tables = [] -%}
    {%- if execute -%}
        {%- for node in graph.get('sources', {}).values() if node.config.get('meta', {}).get('extract') -%}
            {%- do tables.append(node) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tables) }}
{%- endmacro -%}
