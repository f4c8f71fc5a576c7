{#- Regular expressions, in what RE2 (DuckDB) and java.util.regex (Spark) share. Patterns are written for both: `\z` for
    the end, since `$` of Java also matches before a last line break; `[\t\n\f\r ]` for white space, since `\s` of Java
    has a vertical tab too; `\p{Cc}\p{Cf}\p{Co}` for `\p{C}`, to which Java counts what Unicode has not assigned. -#}

{%- macro matches(text, pattern) -%}
    {#- Whether a pattern is found anywhere in a text. pattern: a Jinja text, as are those of the next macros. -#}
    {{ return(adapter.dispatch('matches', 'outbound_sms')(text, pattern)) }}
{%- endmacro -%}

{%- macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ text_literal(pattern) }})
{%- endmacro -%}

{%- macro spark__matches(text, pattern) -%}
    ({{ text }} rlike {{ text_literal(spark__pattern(pattern)) }})
{%- endmacro -%}

{%- macro matches_whole(text, pattern) -%}
    {#- Whether a pattern is all of a text. -#}
    {{ return(adapter.dispatch('matches_whole', 'outbound_sms')(text, pattern)) }}
{%- endmacro -%}

{%- macro duckdb__matches_whole(text, pattern) -%}
    regexp_full_match({{ text }}, {{ text_literal(pattern) }})
{%- endmacro -%}

{%- macro spark__matches_whole(text, pattern) -%}
    {{ spark__matches(text, '^(?:' ~ pattern ~ ')\\z') }}
{%- endmacro -%}

{%- macro replaced(text, pattern, replacement, is_once=false) -%}
    {#- A text with each match of a pattern, or with the first only, replaced. replacement: \1 is the first group, \0 the match. -#}
    {{ return(adapter.dispatch('replaced', 'outbound_sms')(text, pattern, replacement, is_once)) }}
{%- endmacro -%}

{%- macro duckdb__replaced(text, pattern, replacement, is_once) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }}{{ ", 'g'" if not is_once }})
{%- endmacro -%}

{%- macro spark__replaced(text, pattern, replacement, is_once) -%}
    {#- What stands before the first match is a group of its own, whose number the others come behind. -#}
    {%- set place = 1 if is_once else 0 -%}
    {%- set java = namespace(replacement=replacement.replace('$', '\\$')) -%}
    {%- for group in range(9, -1, -1) -%}
        {%- set java.replacement = java.replacement.replace('\\' ~ group, '${g' ~ (group + place) ~ '}') -%}
    {%- endfor -%}
    {%- for group in range(11) -%}
        {%- set java.replacement = java.replacement.replace('${g' ~ group ~ '}', '$' ~ group) -%}
    {%- endfor -%}
    regexp_replace(
        {{ text }},
        {{ text_literal(spark__pattern('^([\\s\\S]*?)(?:' ~ pattern ~ ')' if is_once else pattern)) }},
        {{ text_literal(('$1' if is_once else '') ~ java.replacement) }}
    )
{%- endmacro -%}

{%- macro first_match(text, pattern) -%}
    {#- The first match of a pattern; '' where there is none. -#}
    {{ return(adapter.dispatch('first_match', 'outbound_sms')(text, pattern)) }}
{%- endmacro -%}

{%- macro duckdb__first_match(text, pattern) -%}
    regexp_extract({{ text }}, {{ text_literal(pattern) }})
{%- endmacro -%}

{%- macro spark__first_match(text, pattern) -%}
    regexp_extract({{ text }}, {{ text_literal(spark__pattern(pattern)) }}, 0)
{%- endmacro -%}

{%- macro spark__pattern(pattern) -%}
    {#- As RE2 understands it: only a line feed ends a line, and case is folded beyond ASCII. -#}
    {{ return('(?d)' ~ pattern.replace('(?i)', '(?iu)')) }}
{%- endmacro -%}

{%- macro text_literal(text) -%}
    {#- A text as a literal of SQL. -#}
    {{ return(adapter.dispatch('text_literal', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__text_literal(text) -%}
    {{ return("'" ~ text.replace("'", "''") ~ "'") }}
{%- endmacro -%}

{%- macro spark__text_literal(text) -%}
    {{ return("'" ~ text.replace('\\', '\\\\').replace("'", "\\'") ~ "'") }}
{%- endmacro -%}
