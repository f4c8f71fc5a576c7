{#- How carriers encode and cut the text of an SMS (3GPP TS 23.038 and 23.040; docs/metrics.md). A text whose
    characters all are of the GSM 7 bit alphabet takes one septet a character, two for one of the extension table; any
    other text is sent as UCS-2, in UTF-16 units of two bytes, two of them for a character beyond U+FFFF. 140 bytes
    hold 160 septets or 70 units; where that is not enough, each part loses 6 bytes to the header that joins the
    parts, and holds 153 or 67. The two halves of a character always stay in one part. -#}

{%- macro text_kind(body) -%}
    {#- How a text is encoded: 'basic' (GSM-7, one septet a character), 'extended' (GSM-7, some with two) or 'ucs2';
        null for no text. -#}
    case
        when {{ matches_whole(body, '[' ~ gsm7_basic() ~ ']*') }} then 'basic'
        when {{ matches_whole(body, '[' ~ gsm7_basic() ~ gsm7_extension() ~ ']*') }} then 'extended'
        when {{ body }} is not null then 'ucs2'
    end
{%- endmacro -%}

{%- macro segment_count(body, text_kind) -%}
    {#- The parts that a text is sent and billed in; 1 for an empty one. text_kind: a column of that macro's values,
        so that the alphabet is looked at once a row. -#}
    {#- Short and plain texts, nearly all there are, are divided; the others are cut into parts one by one. -#}
    {%- set beyond_ucs2 = '\\x{10000}-\\x{10FFFF}' -%}
    cast(case
        when {{ text_kind }} = 'basic'
            then case
                when length({{ body }}) <= 160 then 1
                else {{ whole_quotient('(length(%s) + 152)' | format(body), 153) }}
            end
        when {{ text_kind }} = 'extended'
            then case
                when length({{ body }}) <= 80 then 1
                else {{ count_parts(body, gsm7_extension(), 160, 153) }}
            end
        when length({{ body }}) <= 35 then 1
        when not {{ matches(body, '[' ~ beyond_ucs2 ~ ']') }}
            then case
                when length({{ body }}) <= 70 then 1
                else {{ whole_quotient('(length(%s) + 66)' | format(body), 67) }}
            end
        else {{ count_parts(body, beyond_ucs2, 70, 67) }}
    end as integer)
{%- endmacro -%}

{%- macro count_parts(body, double, alone, part) -%}
    {#- Each double character gets a second one, `_`, behind it, so that characters are units. Then each part becomes
        one letter: the whole text where it fits alone, else as many units as a part holds, one less where the last
        would be the first half of a double, and what is left in the end. -#}
    {%- set rest = part - 1 -%}
    length({{ replaced(
        replaced(body, '[' ~ double ~ ']', '\\0_'),
        '(?s)\\A.{1,' ~ alone ~ '}\\z|.{' ~ rest ~ '}[^' ~ double ~ ']|.{' ~ rest ~ '}|.+',
        'p'
    ) }})
{%- endmacro -%}

{%- macro gsm7_basic() -%}
    {#- The GSM 7 bit default alphabet, as the inside of a regular expression's brackets. -#}
    {{ return("@£$¥èéùìòÇ\\nØø\\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà") }}
{%- endmacro -%}

{%- macro gsm7_extension() -%}
    {#- Its extension table, likewise. -#}
    {{ return("|^€{}\\[\\]~\\\\\\f") }}
{%- endmacro -%}

{%- macro replacements_of_characters(character, replacement) -%}
    {#- Aggregate: characters with what they can be replaced by, as the one value that the next two macros take. -#}
    {{ return(adapter.dispatch('replacements_of_characters', 'outbound_sms')(character, replacement)) }}
{%- endmacro -%}

{%- macro duckdb__replacements_of_characters(character, replacement) -%}
    struct_pack(
        characters := string_agg({{ character }}, ''),
        replacements := map(array_agg({{ character }}), array_agg({{ replacement }}))
    )
{%- endmacro -%}

{%- macro spark__replacements_of_characters(character, replacement) -%}
    struct(
        array_join(collect_list({{ character }}), '') as characters,
        map_from_entries(collect_list(struct({{ character }}, {{ replacement }}))) as replacements
    )
{%- endmacro -%}

{%- macro text_of_plain_characters(body, kind, replacements) -%}
    {#- A text that is UCS-2 only for want of plain characters, with those; null for any other. kind: its text_kind. -#}
    {#- The first condition is cheap and false for nearly all texts, the second for those with an emoji or another alphabet. -#}
    case
        when
            {{ kind }} = 'ucs2'
            and {{ text_kind("translate(%s, %s.characters, '')" | format(body, replacements)) }} <> 'ucs2'
            then {{ with_replacements(body, replacements) }}
    end
{%- endmacro -%}

{%- macro with_replacements(body, replacements) -%}
    {#- A text with each character replaced that can be. -#}
    {{ return(adapter.dispatch('with_replacements', 'outbound_sms')(body, replacements)) }}
{%- endmacro -%}

{%- macro duckdb__with_replacements(body, replacements) -%}
    array_to_string(list_transform(
        string_split({{ body }}, ''),
        lambda character: coalesce({{ replacements }}.replacements[character], character)
    ), '')
{%- endmacro -%}

{%- macro spark__with_replacements(body, replacements) -%}
    array_join(transform(
        split({{ body }}, ''),
        character -> coalesce(try_element_at({{ replacements }}.replacements, character), character)
    ), '')
{%- endmacro -%}

{%- macro replaceable_characters(body, replacements) -%}
    {#- The characters of a text that can be replaced, each once, in the order of Unicode. -#}
    {{ return(adapter.dispatch('replaceable_characters', 'outbound_sms')(body, replacements)) }}
{%- endmacro -%}

{%- macro duckdb__replaceable_characters(body, replacements) -%}
    array_to_string(list_sort(list_distinct(list_filter(
        string_split({{ body }}, ''),
        lambda character: map_contains({{ replacements }}.replacements, character)
    ))), '')
{%- endmacro -%}

{%- macro spark__replaceable_characters(body, replacements) -%}
    array_join(array_sort(array_distinct(filter(
        split({{ body }}, ''),
        character -> map_contains_key({{ replacements }}.replacements, character)
    ))), '')
{%- endmacro -%}
