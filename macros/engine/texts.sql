{%- macro normalized_keyword(text) -%}
    {#- A reply's text as keywords are compared (contract rule 6): composed, lower case, without the white space,
        punctuation and invisible characters around it. -#}
    {{ return(adapter.dispatch('normalized_keyword', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__normalized_keyword(text) -%}
    lower(regexp_replace(
        nfc_normalize({{ text }}),
        '^[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+|[\s\p{P}\p{Z}\p{C}$+<=>^`|~]+$',
        '',
        'g'
    ))
{%- endmacro -%}

{%- macro e164(number) -%}
    {#- A phone number in E.164: spaces, brackets, dashes, dots and slashes go, a leading 00 becomes +, and 8 to 15 bare
        digits get a +. Short codes and alphanumeric senders stay as they are. -#}
    {{ return(adapter.dispatch('e164', 'outbound_sms')(number)) }}
{%- endmacro -%}

{%- macro duckdb__e164(number) -%}
    {%- set digits -%}
        regexp_replace({{ number }}, '[\s\p{Z}\p{Ps}\p{Pe}\p{Pd}./\\\x{2212}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{FEFF}]', '', 'g')
    {%- endset -%}
    case
        when regexp_full_match({{ number }}, '\+?[0-9]+') then
            case
                when {{ number }} like '00%' then '+' || substr({{ number }}, 3)
                when {{ number }} like '+%' then {{ number }}
                when length({{ number }}) between 8 and 15 then '+' || {{ number }}
                else {{ number }}
            end
        when regexp_full_match({{ digits }}, '00[0-9]+') then '+' || substr({{ digits }}, 3)
        when regexp_full_match({{ digits }}, '\+[0-9]+') then {{ digits }}
        when regexp_full_match({{ digits }}, '[0-9]{8,15}') then '+' || {{ digits }}
        when regexp_full_match({{ digits }}, '[0-9]+') then {{ digits }}
        else nullif(trim({{ number }}), '')
    end
{%- endmacro -%}

{%- macro row_as_json(columns) -%}
    {#- A row's columns as one JSON text, for showing a row that was set apart. -#}
    {{ return(adapter.dispatch('row_as_json', 'outbound_sms')(columns)) }}
{%- endmacro -%}

{%- macro duckdb__row_as_json(columns) -%}
    {%- if columns %}
    to_json(struct_pack({% for column in columns %}"{{ column }}" := "{{ column }}"{{ ", " if not loop.last }}{% endfor %}))::varchar
    {%- else %}
    cast(null as varchar)
    {%- endif %}
{%- endmacro -%}

{%- macro csv_text(text) -%}
    {#- A text from outside as a CSV cell that no spreadsheet runs: a leading = + - @ (also full-width), tab or line break
        gets an apostrophe before it. A phone number (+ and digits) is a number to a spreadsheet and stays. -#}
    {{ return(adapter.dispatch('csv_text', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__csv_text(text) -%}
    case
        when regexp_full_match({{ text }}, '\+[0-9]+') then {{ text }}
        when regexp_matches({{ text }}, '^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠]') or regexp_matches({{ text }}, '^[\t\r\n]')
            then '''' || {{ text }}
        else {{ text }}
    end
{%- endmacro -%}
