{%- macro cleaned(column) -%}
    {#- An id, code or word as delivered: without the white space around it, null where nothing is left. -#}
    {{ return(adapter.dispatch('cleaned', 'outbound_sms')(column)) }}
{%- endmacro -%}

{%- macro duckdb__cleaned(column) -%}
    {#- Trimming a set of characters costs ten times as much as finding that there are none, as in nearly every row. #}
    case
        when
            {%- for space in [' ', '\t', '\r', '\n', '\u00a0'] %}
            {{ "or " if not loop.first }}contains({{ column }}, '{{ space }}')
            {%- endfor %}
            then nullif(trim(both {{ "' \t\r\n\u00a0'" }} from {{ column }}), '')
        else nullif({{ column }}, '')
    end
{%- endmacro -%}

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

{%- macro plain_words(text) -%}
    {#- A text as words: lower case, without accents and apostrophes, one space around each. Sentences end in a word of
        their own, `?` for a question and `.` for the others; the text begins with one too. -#}
    {{ return(adapter.dispatch('plain_words', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__plain_words(text) -%}
    {#- Single spaces, most of what is between words, stay as they are: replacing them too would cost three times as
        much. A zero byte would end the text for strip_accents. -#}
    {%- set folded = namespace(text="'.' || lower(strip_accents(replace(" ~ text ~ ", chr(0), ' '))) || '.'") -%}
    {%- for apostrophe in ["''", '’', '`', '´'] -%}
        {%- set folded.text = "replace(" ~ folded.text ~ ", '" ~ apostrophe ~ "', '')" -%}
    {%- endfor -%}
    regexp_replace(
        regexp_replace(
            regexp_replace({{ folded.text }}, ' ?[?？][^\p{L}\p{N}]*', ' ? ', 'g'),
            ' ?(?:[.!;:…()"|\r\n。！]| - )[^\p{L}\p{N}?]*', ' . ', 'g'
        ),
        ' *[^\p{L}\p{N}.? ][^\p{L}\p{N}.?]*| {2,}', ' ', 'g'
    )
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

{%- macro raw_record(columns) -%}
    {#- A row's columns as delivered, as one value, which `record_as_json` writes out for the few rows that are set apart. -#}
    {{ return(adapter.dispatch('raw_record', 'outbound_sms')(columns)) }}
{%- endmacro -%}

{%- macro duckdb__raw_record(columns) -%}
    {%- if columns %}
    struct_pack({% for column in columns %}"{{ column }}" := "{{ column }}"{{ ", " if not loop.last }}{% endfor %})
    {%- else %}
    cast(null as varchar)
    {%- endif %}
{%- endmacro -%}

{%- macro record_as_json(record) -%}
    {#- A value of `raw_record` as JSON text. -#}
    {{ return(adapter.dispatch('record_as_json', 'outbound_sms')(record)) }}
{%- endmacro -%}

{%- macro duckdb__record_as_json(record) -%}
    cast(to_json({{ record }}) as varchar)
{%- endmacro -%}

{%- macro value_at_latest(value, time, id) -%}
    {#- Aggregate: a column of the row with the latest time, then the larger id; null where that row has null. -#}
    {{ return(adapter.dispatch('value_at_latest', 'outbound_sms')(value, time, id)) }}
{%- endmacro -%}

{%- macro duckdb__value_at_latest(value, time, id) -%}
    struct_extract(max_by(struct_pack(v := {{ value }}), ({{ time }}, {{ id }})), 'v')
{%- endmacro -%}
